package catalog

import (
	"crypto/sha256"
	"fmt"
)

// Mark names the version's content in scan packs: by its hash. That of a foreign object
// may not be known yet, or become known after its pack was written; so its key and ETag
// name it for good.
func (v *Version) Mark() Hash {
	if !v.Object.Foreign {
		return v.SHA256
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", v.Object.Key, v.Object.ETag))
}
