package catalog

import (
	"context"
	"database/sql"
)

// packPrefix is where scan packs lie in the store.
const packPrefix = ".lockerfs/scan/"

// PackKey is the key of a scan pack.
func PackKey(name string) string { return packPrefix + name }

// Packed is an entry with the scan pack that has its head and tail.
type Packed struct {
	ID   ID
	Name string
	Kind Kind
	// Pack is empty for a folder, and for a file that is in none.
	Pack string
}

const packsQuery = `SELECT e.id, e.name, e.kind, json_extract(CAST(c.body AS TEXT), '$.pack')
	FROM entry e LEFT JOIN content c ON c.row = e.row
	WHERE e.parent = ? AND e.name > ? ORDER BY e.name LIMIT ?+0`

// Packs lists folder parent as Children does.
func (x *Index) Packs(ctx context.Context, parent ID, after string, limit int) ([]Packed, error) {
	rows, err := x.stmts.packs.QueryContext(ctx, int64(parent), after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Packed
	for rows.Next() {
		var id int64
		var kind int
		var one Packed
		var pack sql.NullString
		if err := rows.Scan(&id, &one.Name, &kind, &pack); err != nil {
			return nil, err
		}
		one.ID, one.Kind, one.Pack = ID(id), kindOf(kind), pack.String
		list = append(list, one)
	}
	return list, rows.Err()
}
