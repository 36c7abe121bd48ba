package scale

import (
	"context"
	"net/url"

	"github.com/lockerfs/lockerfs/remote/s3"
)

// WriteS3 is Write at a store URL of the kind s3://, with the keys in a credentials file.
func WriteS3(ctx context.Context, store, credentials, scratch string, c *Collection, commits int) error {
	u, err := url.Parse(store)
	if err != nil {
		return err
	}
	config, err := s3.ParseURL(u)
	if err != nil {
		return err
	}
	config.Credentials = credentials
	s, err := s3.Open(ctx, config)
	if err != nil {
		return err
	}
	return Write(ctx, s, scratch, c, commits)
}
