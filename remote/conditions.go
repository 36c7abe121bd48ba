package remote

// Support says how a store treats one kind of conditional write.
type Support string

// The ways a store can treat a condition.
const (
	// Enforced: a write whose condition does not hold is refused.
	Enforced Support = "enforced"
	// Ignored: the store answers success and writes all the same.
	Ignored Support = "ignored"
	// Refused: the store answers that it does not implement the condition.
	Refused Support = "not implemented"
	// Denied: the credentials may not write here at all, so there is nothing to know.
	Denied Support = "denied"
)

// Conditions is what a probe of a store found. Only a store that enforces
// create-only writes may hold a locker that several devices share.
type Conditions struct {
	// Create is the treatment of Condition.Absent. When it is Denied, so is Replace, and
	// Read is empty.
	Create Support `json:"create"`
	// Replace is the treatment of Condition.ETag.
	Replace Support `json:"replace"`
	// Read is the treatment of Get's ifMatch.
	Read Support `json:"read"`
}

// Writable tells whether the credentials may write.
func (c Conditions) Writable() bool { return c.Create != Denied }

// Shareable tells whether several devices may commit to one locker here.
func (c Conditions) Shareable() bool { return c.Create == Enforced }
