package catalog

import "context"

// Adopted counts the present files whose objects are foreign.
type Adopted struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Missing of them have vanished from the store.
	Missing int64 `json:"missing"`
	// Unread of them are not described yet; they may be no audio.
	Unread int64 `json:"unread"`
	// Left objects are in the store, and no file of the locker has them any more:
	// somebody removed or replaced those.
	Left      int64 `json:"left"`
	LeftBytes int64 `json:"left_bytes"`
}

// Adopted reads all of them: seconds at a million.
func (x *Index) Adopted(ctx context.Context) (Adopted, error) {
	var a Adopted
	// In JSON a text cannot hold the words looked for, because it escapes their quotes.
	err := x.read.QueryRowContext(ctx, `SELECT count(*), CAST(total(e.size) AS INTEGER),
		count(*) FILTER (WHERE CAST(c.body AS TEXT) LIKE '%"missing":true%'),
		count(*) FILTER (WHERE CAST(c.body AS TEXT) NOT LIKE '%"tags":{%')
		FROM content c JOIN entry e ON e.row = c.row WHERE c.foreign_key IS NOT NULL`).
		Scan(&a.Files, &a.Bytes, &a.Missing, &a.Unread)
	if err != nil {
		return a, err
	}
	a.Left, a.LeftBytes, err = x.LeftBehind(ctx)
	return a, err
}
