package catalog

import "maps"

// memTree is a State in memory: the model that the index is held against.
type memTree struct {
	entries map[ID]Entry
	names   map[childName]ID
	taken   map[ID]bool
}

type childName struct {
	parent ID
	name   string
}

func newMemTree() *memTree {
	m := &memTree{entries: map[ID]Entry{}, names: map[childName]ID{}, taken: map[ID]bool{}}
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

func (m *memTree) Taken(id ID) (bool, error) { return m.taken[id], nil }

func (m *memTree) Put(e Entry) error {
	m.Delete(e.ID)
	m.entries[e.ID] = e
	m.names[childName{e.Parent, e.Name}] = e.ID
	m.taken[e.ID] = true
	if e.Version != nil {
		m.taken[e.Version.ID] = true
	}
	return nil
}

func (m *memTree) Delete(id ID) error {
	if old, ok := m.entries[id]; ok {
		delete(m.names, childName{old.Parent, old.Name})
		delete(m.entries, id)
	}
	return nil
}

func (m *memTree) Keep(Entry, int64, int64) error { return nil }

func (m *memTree) clone() *memTree {
	return &memTree{entries: maps.Clone(m.entries), names: maps.Clone(m.names), taken: maps.Clone(m.taken)}
}
