package catalog

import (
	"maps"
	"slices"
)

// memTree is a State in memory: the model that the index is held against.
type memTree struct {
	entries map[ID]Entry
	names   map[childName]ID
	past    []Past
	records
}

// records is what a model holds beside the tree.
type records struct {
	condemned map[Ref]int64 // without the ETag where the object is ours
	ignored   map[Ref]int64 // key and ETag -> size
	settings  Settings
}

type childName struct {
	parent ID
	name   string
}

func newMemTree() *memTree {
	m := &memTree{entries: map[ID]Entry{}, names: map[childName]ID{}, records: records{condemned: map[Ref]int64{}, ignored: map[Ref]int64{}}}
	m.Put(root())
	return m
}

func (m *memTree) Entry(id ID) (Entry, bool, error) {
	e, ok := m.entries[id]
	return e, ok, nil
}

func (m *memTree) Child(parent ID, name string) (ID, bool, error) {
	id, ok := m.names[childName{parent, name}]
	return id, ok, nil
}

func (m *memTree) Empty(id ID) (bool, error) {
	for n := range m.names {
		if n.parent == id {
			return false, nil
		}
	}
	return true, nil
}

// known are all entries, present and past.
func (m *memTree) known() []Entry {
	all := slices.Collect(maps.Values(m.entries))
	for _, p := range m.past {
		all = append(all, p.Entry)
	}
	return all
}

func (m *memTree) Taken(id ID) (bool, error) {
	return slices.ContainsFunc(m.known(), func(e Entry) bool { return e.ID == id || e.Version != nil && e.Version.ID == id }), nil
}

func (m *memTree) Refers(key string) (bool, error) {
	return slices.ContainsFunc(m.known(), func(e Entry) bool { return e.Version != nil && e.Version.Object.Key == key }), nil
}

func (m *memTree) Condemned(r Ref) (bool, error) {
	_, ours := m.condemned[Ref{Key: r.Key}]
	_, adopted := m.condemned[Ref{Key: r.Key, ETag: r.ETag, Foreign: true}]
	return ours || adopted, nil
}

func (m *memTree) Condemn(r Ref, n int64) error {
	if _, ok := m.condemned[r]; !ok {
		m.condemned[r] = n
	}
	return nil
}

func (m *memTree) Ignore(r Ref, size int64) error {
	r = Ref{Key: r.Key, ETag: r.ETag}
	if _, ok := m.ignored[r]; !ok {
		m.ignored[r] = size
	}
	return nil
}

func (m *memTree) Notice(key string) error {
	maps.DeleteFunc(m.ignored, func(r Ref, _ int64) bool { return r.Key == key })
	return nil
}

func (m *memTree) Configure(s Settings) error {
	m.settings = s
	return nil
}

func (m *memTree) Describe(id ID, v Version) error {
	e := m.entries[id]
	e.Version = &v
	m.entries[id] = e
	return nil
}

func (m *memTree) Put(e Entry) error {
	m.Delete(e.ID)
	m.entries[e.ID] = e
	m.names[childName{e.Parent, e.Name}] = e.ID
	return nil
}

func (m *memTree) Delete(id ID) error {
	if old, ok := m.entries[id]; ok {
		delete(m.names, childName{old.Parent, old.Name})
		delete(m.entries, id)
	}
	return nil
}

func (m *memTree) Keep(e Entry, n, at int64) error {
	m.past = append(m.past, Past{Entry: e, N: n, At: at})
	return nil
}

func (m *memTree) Expire(before int64) error {
	m.past = slices.DeleteFunc(m.past, func(p Past) bool { return p.N <= before })
	return nil
}

func (m *memTree) clone() *memTree {
	return &memTree{entries: maps.Clone(m.entries), names: maps.Clone(m.names), past: slices.Clone(m.past),
		records: records{condemned: maps.Clone(m.condemned), ignored: maps.Clone(m.ignored), settings: m.settings}}
}
