package pending

// SyncBytes makes the bytes of a handle's file safe, and records nothing: as far as another
// handle's Sync may have come.
func (f *File) SyncBytes() error {
	_, err := f.content.draft.Sync()
	return err
}
