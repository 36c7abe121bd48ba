package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
)

// keyHash is the number under which content is found by the key of its object. Two keys
// may have one number, so what is found is looked at.
func keyHash(key string) int64 {
	sum := sha256.Sum256([]byte(key))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// condemnedHash is the number under which a condemned object is kept: see State.
func condemnedHash(r Ref) int64 {
	if r.Foreign {
		return keyHash(r.Key + "\x00" + r.ETag)
	}
	return keyHash(r.Key)
}

// Refers implements View.
func (s *txState) Refers(key string) (bool, error) {
	for _, table := range []string{"content", "past"} {
		stmt, err := s.stmt("SELECT " + tableKey[table] + " FROM " + table + " WHERE key = ?")
		if err != nil {
			return false, err
		}
		rows, err := stmt.QueryContext(s.ctx, keyHash(key))
		if err != nil {
			return false, err
		}
		for rows.Next() {
			var one string
			if err := rows.Scan(&one); err != nil {
				rows.Close()
				return false, err
			}
			if one == key {
				return true, rows.Close()
			}
		}
		if err := rows.Err(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// tableKey is how the object's key is read from the rows of a table.
var tableKey = map[string]string{
	"content": "CAST(body AS TEXT) ->> '$.object.key'",
	"past":    "CAST(body AS TEXT) ->> '$.version.object.key'",
}

// Condemned implements View.
func (s *txState) Condemned(r Ref) (bool, error) {
	adopted := r
	adopted.Foreign = true
	var gone bool
	_, err := s.one("SELECT EXISTS (SELECT 1 FROM condemned WHERE hash IN (?, ?))",
		[]any{keyHash(r.Key), condemnedHash(adopted)}, &gone)
	return gone, err
}

// Condemn implements State. The first commit counts.
func (s *txState) Condemn(r Ref, n int64) error { return s.condemn(condemnedHash(r), n) }

func (s *txState) condemn(hash, n int64) error {
	return s.exec("INSERT INTO condemned (hash, n) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", hash, n)
}

// Expire implements State.
func (s *txState) Expire(before int64) error { return s.exec("DELETE FROM past WHERE n <= ?", before) }

// Describe implements State.
func (s *txState) Describe(id ID, v Version) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.described = true
	if err := s.exec("UPDATE content SET digest = ?, body = ? WHERE row = (SELECT row FROM entry WHERE node = ?)", digest(v.SHA256), body, int64(v.ID)); err != nil {
		return err
	}
	return s.markStale(id)
}

// Ignore implements State.
func (s *txState) Ignore(r Ref, size int64) error {
	return s.exec("INSERT INTO ignored (key, etag, size) VALUES (?, ?, ?) ON CONFLICT (key, etag) DO NOTHING", r.Key, r.ETag, size)
}

// Notice implements State.
func (s *txState) Notice(key string) error { return s.exec("DELETE FROM ignored WHERE key = ?", key) }

// foreignKey is the key of a foreign object, by which it is listed; nil for our own.
func foreignKey(r Ref) any {
	if !r.Foreign {
		return nil
	}
	return r.Key
}

// adopted tells whether a file has the foreign object with this key.
func (s *txState) adopted(key string) (bool, error) {
	var adopted bool
	_, err := s.one("SELECT EXISTS (SELECT 1 FROM content WHERE foreign_key = ?)", []any{key}, &adopted)
	return adopted, err
}
