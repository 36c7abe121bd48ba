package s3

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// Identity says with whose rights requests go where. It holds no secret.
type Identity struct {
	// Source is where the keys come from, in words.
	Source string
	// Expires is when they end; zero when they do not, or nobody knows.
	Expires time.Time
	// Address is the server that is asked.
	Address *url.URL
}

// FindIdentity looks for the keys that a store would use. It may ask a sign-on service.
// Address is set also where it fails with [remote.ErrDenied] or [remote.ErrOffline]: no
// keys, or no way to them.
func FindIdentity(ctx context.Context, c Config) (id Identity, err error) {
	cfg, err := awsConfig(ctx, c)
	region := c.Region
	if err == nil {
		region = cfg.Region
	}
	if region == "" {
		region = defaultRegion
	}
	address := c.Endpoint
	if address == "" {
		address = fmt.Sprintf("https://s3.%s.amazonaws.com", region)
	}
	u, parseErr := url.Parse(address)
	if parseErr != nil {
		return id, fail(ctx, "identity", c.Bucket, parseErr)
	}
	id.Address = u
	if err != nil {
		return id, fail(ctx, "identity", c.Bucket, err)
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return id, fail(ctx, "identity", c.Bucket, err)
	}
	if keys.CanExpire {
		id.Expires = keys.Expires
	}
	switch {
	case c.Credentials != "":
		id.Source = "the file " + c.Credentials
	case keys.Source == "EnvConfigCredentials":
		id.Source = "the environment (AWS_ACCESS_KEY_ID)"
	default:
		id.Source = keys.Source
	}
	return id, nil
}
