package pin

import "github.com/lockerfs/lockerfs/cache"

// Stats says how far a keeper is.
type Stats struct {
	// Files must stay here, and have so many bytes in all; Here of them are, with HereBytes,
	// which counts those of files that are on their way too.
	Files     int   `json:"files"`
	Bytes     int64 `json:"bytes"`
	Here      int   `json:"here"`
	HereBytes int64 `json:"here_bytes"`
	// Fetched counts bytes that came since this process began, Damaged files that were
	// found damaged.
	Fetched int64 `json:"fetched"`
	Damaged int64 `json:"damaged,omitempty"`
	// Failed counts files that are not to be had now, Waiting why nothing is fetched.
	Failed  int    `json:"failed,omitempty"`
	Waiting string `json:"waiting,omitempty"`
	// Full: there is no room for the rest.
	Full bool `json:"full,omitempty"`
}

// Stats gives the figures of this moment.
func (k *Keeper) Stats() Stats {
	ready := k.opts.Ready()
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Stats{Files: len(k.set), Fetched: k.fetched.Load(), Damaged: k.damaged.Load()}
	for _, o := range k.set {
		s.Bytes += o.obj.Size
		switch {
		case o.here:
			s.Here++
			s.HereBytes += o.obj.Size
		default:
			s.HereBytes += o.got.Load()
			if o.err != nil {
				s.Failed++
			}
		}
	}
	switch {
	case s.Here == s.Files:
	case ready != nil:
		s.Waiting = ready.Error()
	case k.why != nil:
		s.Waiting, s.Full = k.why.Error(), full(k.why)
	}
	return s
}

// State is how far one object is.
type State struct {
	// Here: all of it is. Got is how many bytes are.
	Here bool
	Got  int64
	// Err is why it is not to be had, if so.
	Err error
}

// State tells how far objects are, in their order.
func (k *Keeper) State(objects []cache.Object) []State {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]State, len(objects))
	for i, obj := range objects {
		o := k.set[obj.Name()]
		switch {
		case o == nil:
		case o.here:
			all[i] = State{Here: true, Got: obj.Size}
		default:
			all[i] = State{Got: o.got.Load(), Err: o.err}
		}
	}
	return all
}
