package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/dir"
)

// initOptions are what init is told beside the URL.
type initOptions struct {
	name, mount, rclone string
	// only asserts that no other device writes to this locker.
	only bool
}

// initiated is the answer of init.
type initiated struct {
	Name    string `json:"name"`
	Store   string `json:"store"`
	Locker  string `json:"locker"`
	Created bool   `json:"created"`
	// Config is the config file that names the locker now.
	Config string `json:"config"`
	Added  bool   `json:"added_to_config"`
	Mount  string `json:"mount"`
	// Credentials is the file that was written for the store, if one was.
	Credentials string            `json:"credentials,omitempty"`
	Conditions  remote.Conditions `json:"conditions"`
	// Shared tells whether several devices may write to it.
	Shared bool `json:"shared"`
	// ReadOnly: the credentials may not write.
	ReadOnly bool `json:"read_only,omitempty"`
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init [URL]",
		Short: "Make a locker, or join one from this device",
		Long: "Make the bucket or folder at URL a locker, or join the one that is there, and write it\n" +
			"into the config file. Without a URL the locker is a folder among your own data.",
		Example: "  lockerfs init 's3://crates/home?endpoint=https://s3.example.com&region=eu-central-1'\n" +
			"  lockerfs init file:///mnt/usb/music\n  lockerfs init --from-rclone wasabi:crates/home",
		Args: cobra.MaximumNArgs(1),
		RunE: does(func(ctx context.Context, args []string) error {
			done, err := a.initiate(ctx, append(args, "")[0], o)
			if err != nil {
				return err
			}
			return a.sayInitiated(done)
		}),
	}
	c.Flags().StringVar(&o.name, "name", "", "name of the locker in the config file (default music)")
	c.Flags().StringVar(&o.mount, "mount", "", "mount point (default ~/Locker)")
	c.Flags().StringVar(&o.rclone, "from-rclone", "", "take endpoint, region and keys of REMOTE:BUCKET[/prefix] from rclone.conf")
	c.Flags().BoolVar(&o.only, "only-device", false, "this is the only device: for stores without conditional writes")
	return c
}

// initiate makes or joins the locker. The config file is written last: what it
// names works.
func (a *app) initiate(ctx context.Context, arg string, o initOptions) (initiated, error) {
	l, secret, err := a.plan(arg, &o)
	if err != nil {
		return initiated{}, err
	}
	u, err := parseStore(l.Store)
	if err != nil {
		return initiated{}, &fault{code: exitUsage, cause: strings.Replace(err.Error(), ": "+remote.ErrInvalid.Error(), "", 1), next: "lockerfs help init"}
	}
	l.Store = u.String()
	if _, _, err := findLocker(a.configPath(), o.name, l); err != nil {
		return initiated{}, err
	}
	if secret != "" {
		// The store needs the keys before the config can name them.
		if err := a.keepCredentials(ctx, l.Credentials, secret); err != nil {
			return initiated{}, err
		}
	}
	// The locker need not be in the config yet, and --store may hold another.
	b := *a
	b.flags.store, b.flags.locker = l.Store, o.name
	p, err := b.fill(o.name, l)
	if err != nil {
		return initiated{}, err
	}
	a.where = p.where()
	done, err := join(ctx, p, o.only, a)
	if err != nil {
		return initiated{}, err
	}
	done.Config, done.Credentials = a.configPath(), ""
	if secret != "" {
		done.Credentials = p.credentials
	}
	done.Added, err = addLocker(ctx, a.configPath(), o.name, l)
	return done, err
}

// plan gives the config entry that init is about, and the content of the
// credentials file that goes with it, if any.
func (a *app) plan(arg string, o *initOptions) (l lockerConfig, secret string, err error) {
	o.name = first(o.name, a.flags.locker, "music")
	if !validLockerName(o.name) {
		return l, "", &fault{code: exitUsage, cause: fmt.Sprintf("%q cannot name a locker", o.name), next: "use letters, digits, dash and underscore"}
	}
	l = lockerConfig{Store: first(arg, a.flags.store), Mount: o.mount, State: a.flags.state, Cache: a.flags.cache}
	// What is written down must mean the same from every folder.
	for _, p := range []*string{&l.Mount, &l.State, &l.Cache} {
		if *p == "" || *p == "~" || strings.HasPrefix(*p, "~/") {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return l, "", err
		}
	}
	if o.rclone == "" {
		if l.Store == "" {
			l.Store = (&url.URL{Scheme: "file", Path: filepath.Join(xdg.DataHome, "lockerfs", o.name)}).String()
			a.note("no URL was given: the locker is a folder on this machine, %s", l.Store)
		}
		return l, "", nil
	}
	if arg != "" {
		return l, "", &fault{code: exitUsage, cause: "give a URL or --from-rclone, not both", next: "lockerfs help init"}
	}
	return a.planRclone(l, o)
}

func (a *app) planRclone(l lockerConfig, o *initOptions) (lockerConfig, string, error) {
	name, bucket, ok := strings.Cut(o.rclone, ":")
	if !ok {
		return l, "", &fault{code: exitUsage, cause: fmt.Sprintf("%q is not REMOTE:BUCKET", o.rclone), next: "lockerfs init --from-rclone REMOTE:BUCKET"}
	}
	r, err := readRclone(rclonePath(), name)
	if err != nil {
		return l, "", err
	}
	if l.Store, err = r.storeURL(bucket); err != nil || !r.hasKeys() {
		return l, "", err
	}
	l.Credentials = "credentials-" + o.name
	return l, r.credentials(), nil
}

// keepCredentials writes a credentials file beside the config file, and never over
// another one.
func (a *app) keepCredentials(ctx context.Context, name, content string) error {
	path := filepath.Join(a.configDir(), name)
	return lockConfig(ctx, a.configPath(), func() error {
		switch same, err := holds(path, content); {
		case err != nil:
			return err
		case same == differs:
			return &fault{code: exitUsage, cause: fmt.Sprintf("%s is there already with other keys", path), next: "remove it, or choose another name with --name"}
		case same == equal:
			return nil
		}
		return writePrivately(path, []byte(content))
	})
}

// join makes the store at p a locker or reads what makes it one, and finds out what
// the store enforces.
func join(ctx context.Context, p place, only bool, a *app) (initiated, error) {
	if err := createFolderStore(p.store); err != nil {
		return initiated{}, err
	}
	e, err := a.own(ctx, p, false, notWhileServed)
	if err != nil {
		return initiated{}, err
	}
	defer e.Close()
	if err := e.mayJoin(ctx); err != nil {
		return initiated{}, err
	}
	// Whoever was the only device stays it.
	before, ok := readProbed(p.state, p.store)
	only = only || ok && before.Sole
	found, err := probeStore(ctx, e.store, p.state, p.store, only)
	if err != nil {
		return initiated{}, err
	}
	format, created, err := catalog.CreateFormat(ctx, e.store, "")
	if errors.Is(err, catalog.ErrNoLocker) && !found.Conditions.Writable() {
		err = found.mayCommit() // none is there, and none can be made
	}
	if err != nil {
		return initiated{}, err
	}
	if created && !found.Conditions.Shareable() && !only {
		// Whoever makes a locker is its first and only device.
		if found, err = probeStore(ctx, e.store, p.state, p.store, true); err != nil {
			return initiated{}, err
		}
	}
	if !created && found.Conditions.Writable() { // who may only read is no harm
		err = found.mayCommit()
	}
	if err == nil {
		err = e.index.Bind(ctx, format)
	}
	if err != nil {
		return initiated{}, err
	}
	return initiated{Name: p.name, Store: p.store, Locker: format.Locker, Created: created, Mount: p.mount,
		Conditions: found.Conditions, Shared: found.Conditions.Shareable(), ReadOnly: !found.Conditions.Writable()}, nil
}

// mayJoin looks whether this device can be one of the locker's, before anything is
// written to the store.
func (e *engine) mayJoin(ctx context.Context) error {
	bound, _, err := e.index.Bound(ctx)
	if err != nil {
		return err
	}
	// Asked first: without this right, what is missing is denied too.
	if _, err := e.store.List(ctx, ".lockerfs/", "", 1); err != nil {
		return err
	}
	format, err := catalog.ReadFormat(ctx, e.store)
	if errors.Is(err, catalog.ErrNoLocker) {
		err = nil
	}
	if err == nil && bound != "" && bound != format.Locker {
		err = catalog.ErrOther
	}
	return err
}

// createFolderStore makes the folder of a file:// store.
func createFolderStore(store string) error {
	u, err := url.Parse(store)
	if err != nil || u.Scheme != "file" {
		return err
	}
	s, err := dir.Create(u.Path)
	if err != nil {
		return err
	}
	return s.Close()
}

func (a *app) sayInitiated(d initiated) error {
	if a.flags.json {
		return a.printJSON(d)
	}
	did := "joined the locker"
	if d.Created {
		did = "made a new locker"
	}
	fmt.Fprintf(a.out, "%s %q at %s\n", did, d.Name, shortStore(d.Store))
	if d.Added {
		fmt.Fprintf(a.out, "wrote [locker.%s] to %s\n", d.Name, d.Config)
	}
	if d.Credentials != "" {
		fmt.Fprintf(a.out, "wrote the keys to %s, readable by you alone\n", d.Credentials)
	}
	if d.ReadOnly {
		fmt.Fprintf(a.out, "READ-ONLY: the credentials may not write to this store, so everything can be played and nothing changed\n")
	} else if !d.Shared {
		fmt.Fprintf(a.out, "ONE DEVICE ONLY: this store does not enforce conditional writes (%s), so no other device may write to this locker\n", d.Conditions.Create)
	}
	next := "lockerfs import DIR"
	if !d.Created {
		next = "lockerfs mount"
	}
	_, err := fmt.Fprintf(a.out, "next: %s\n", next)
	return err
}
