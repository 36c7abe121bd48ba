package intake

import (
	"context"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/tag"
)

// foreign goes through the files with foreign objects under a prefix, in the order of
// their keys.
type foreign struct {
	index  *catalog.Index
	prefix string
	page   []catalog.Entry
	after  string
	ended  bool
}

// foreignPage is how many of them are read at once.
const foreignPage = 1000

// peek gives the file whose turn it is; nil after the last.
func (f *foreign) peek(ctx context.Context) (*catalog.Entry, error) {
	if len(f.page) == 0 && !f.ended {
		page, err := f.index.Foreign(ctx, f.prefix, f.after, foreignPage)
		if err != nil {
			return nil, err
		}
		f.page = page
		if f.ended = len(page) == 0; !f.ended {
			f.after = page[len(page)-1].Version.Object.Key
		}
	}
	if len(f.page) == 0 {
		return nil, nil
	}
	return &f.page[0], nil
}

func (f *foreign) next() { f.page = f.page[1:] }

// at takes the files with this key, whose turn it is, if there are any.
func (f *foreign) at(ctx context.Context, key string) (files []catalog.Entry, err error) {
	for {
		e, err := f.peek(ctx)
		if err != nil || e == nil || e.Version.Object.Key != key {
			return files, err
		}
		files = append(files, *e)
		f.next()
	}
}

// undescribed tells whether a file is yet to be read for its tags.
func undescribed(e *catalog.Entry) bool {
	v := e.Version
	return v != nil && v.Object.Foreign && !v.Object.Missing && tag.Audio(e.Name) && v.Tags == nil
}
