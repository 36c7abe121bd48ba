package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
)

// rebuilt is the answer of rebuild.
type rebuilt struct {
	// From is index or objects.
	From string `json:"from"`
	// Commit is the last one that this device's index knew; only from the index.
	Commit int64          `json:"commit,omitempty"`
	Files  int64          `json:"files"`
	Found  *catalog.Found `json:"objects,omitempty"`
}

func (a *app) rebuildCommand() *cobra.Command {
	var objects, damaged bool
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Publish the catalog again in a store that has lost it",
		Long: "Publish the catalog again after the .lockerfs folder of the store was lost: from this\n" +
			"device's index, or, with --objects or without an index, from the objects alone.\n\n" +
			"The index knows names, ids and the history, up to the last commit that this device has read.\n" +
			"Objects know the path they were uploaded for: of several with one path the newest counts,\n" +
			"what was renamed since is where it was, what was removed is back, and adopted files have to\n" +
			"be adopted again.\n\n" +
			"With --damaged it does so though a catalog is there, because lockerfs verify found it\n" +
			"damaged. Let no other device write to the locker meanwhile; they follow by themselves.",
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error {
			if objects && damaged {
				return &fault{code: exitUsage, cause: "--damaged is for this device's index, not for objects", next: "lockerfs help rebuild"}
			}
			done, err := a.rebuild(ctx, objects, damaged)
			if err != nil {
				return err
			}
			return a.sayRebuilt(done)
		}),
	}
	c.Flags().BoolVar(&objects, "objects", false, "from the objects, even if this device has an index")
	c.Flags().BoolVar(&damaged, "damaged", false, "from the index, in place of a catalog that is damaged")
	return c
}

func (a *app) rebuild(ctx context.Context, objects, damaged bool) (rebuilt, error) {
	p, err := a.place()
	if err != nil {
		return rebuilt{}, err
	}
	e, err := a.own(ctx, p, false, notWhileServed)
	if err != nil {
		return rebuilt{}, err
	}
	defer e.Close()
	if err := reviveFolderStore(p.store); err != nil {
		return rebuilt{}, err
	}
	if err := holdsObjects(ctx, e.store, p.store, e.index.Synced() && !objects); err != nil {
		return rebuilt{}, err
	}
	// What the store enforces is asked again; the memory of it may be of another one.
	known, err := probeStore(ctx, e.store, p.state, p.store, false)
	if err != nil {
		return rebuilt{}, err
	}
	done, err := e.republish(ctx, objects, damaged, a.sayLooked)
	if err == nil && !known.Conditions.Shareable() {
		_, err = probeStore(ctx, e.store, p.state, p.store, true)
	}
	return done, err
}

func notWhileServed(context.Context, locker) error {
	return &fault{code: exitInUse, cause: "this locker is in use by another lockerfs here", next: "lockerfs umount, then try again"}
}

func (e *engine) republish(ctx context.Context, objects, damaged bool, progress func(int)) (rebuilt, error) {
	fromIndex := catalog.RebuildFromIndex
	if damaged {
		fromIndex = catalog.RebuildDamaged
	}
	if damaged || !objects && e.index.Synced() {
		n, err := fromIndex(ctx, e.store, e.index)
		if err != nil {
			return rebuilt{}, err
		}
		totals, err := e.index.Totals(ctx)
		return rebuilt{From: "index", Commit: n, Files: totals.Files}, err
	}
	found, err := catalog.RebuildFromObjects(ctx, e.store, e.place.state, e.log("catalog"), progress)
	return rebuilt{From: "objects", Files: int64(found.Files), Found: &found}, err
}

// reviveFolderStore gives a folder store the marker back that was lost with its
// .lockerfs folder. An empty folder gets none: its disk may not be attached.
func reviveFolderStore(store string) error {
	u, err := url.Parse(store)
	if err != nil || u.Scheme != "file" {
		return err
	}
	entries, err := os.ReadDir(u.Path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("%w: %s is empty or not there", remote.ErrNoStore, u.Path)
	}
	return createFolderStore(store)
}

// holdsObjects makes sure that there is something a catalog could be of: objects of ours,
// or where the catalog may name adopted ones any.
func holdsObjects(ctx context.Context, s remote.Lister, store string, adopted bool) error {
	found := false
	for _, span := range []struct{ prefix, after string }{{"Music/", ""}, {"", ""}, {"", ".lockerfs/~"}} {
		if span.prefix == "" && !adopted {
			break
		}
		page, err := s.List(ctx, span.prefix, span.after, 1)
		if err != nil {
			return err
		}
		found = found || len(page.Objects) > 0 && !strings.HasPrefix(page.Objects[0].Key, ".lockerfs/")
	}
	if !found {
		return &fault{code: exitNotLocker, cause: fmt.Sprintf("%s holds no music of a locker", store), next: "check the URL, or make a new locker: lockerfs init '" + store + "'"}
	}
	return nil
}

func (a *app) sayLooked(n int) {
	if n%10_000 == 0 {
		a.note("%s objects looked at", thousands(int64(n)))
	}
}

func (a *app) sayRebuilt(r rebuilt) error {
	if a.flags.json {
		return a.printJSON(r)
	}
	fmt.Fprintf(a.out, "rebuilt the catalog from this device's %s: %s\n", r.From, count(r.Files, "file", "files"))
	if r.Found == nil {
		_, err := fmt.Fprintf(a.out, "as of commit %s; what other devices did after it is not known\n", thousands(r.Commit))
		return err
	}
	for _, f := range []struct {
		n    int
		what string
	}{
		{r.Found.Older, "left out, a newer one has their path"},
		{r.Found.Foreign, "left out, not written by lockerfs; lockerfs adopt takes them in again"},
		{r.Found.Untagged, "taken in, but their tags could not be read"},
	} {
		if f.n > 0 {
			fmt.Fprintf(a.out, "%s %s\n", count(int64(f.n), "object", "objects"), f.what)
		}
	}
	_, err := fmt.Fprintln(a.out, "not known from objects: renames, deletions, empty folders, attributes; removed files may be back")
	return err
}
