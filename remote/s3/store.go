package s3

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lockerfs/lockerfs/remote"
)

// Store is a folder in a bucket.
type Store struct {
	bucket string
	prefix string // empty, or ending in a slash
	client *s3.Client
	// bulk takes the bodies that may be long on their way, over its own connections.
	bulk       *s3.Client
	transports []*http.Transport
}

var _ remote.Store = (*Store)(nil)

// Open prepares a store. It sends nothing: whether the bucket is there and the
// credentials are good shows at the first call. ErrInvalid: c is wrong; ErrDenied: the
// profile or credentials file it names is missing, empty or open to others.
func Open(ctx context.Context, c Config) (*Store, error) {
	s, err := open(ctx, c)
	if err != nil {
		return nil, fail(ctx, "open", c.Bucket, err)
	}
	return s, nil
}

func open(ctx context.Context, c Config) (*Store, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", remote.ErrInvalid, err)
	}
	cfg, err := awsConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	builder, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return nil, fmt.Errorf("%w: the AWS configuration replaced the transport", remote.ErrInvalid)
	}
	if c.Stall == 0 {
		c.Stall = defaultStall
	}
	fast := builder.GetTransport()
	bulk := builder.GetTransport()
	bulk.ResponseHeaderTimeout = bulkTimeout
	return &Store{
		bucket: c.Bucket, prefix: c.folder(), transports: []*http.Transport{fast, bulk},
		client: newClient(cfg, c, fast), bulk: newClient(cfg, c, bulk),
	}, nil
}

func newClient(cfg aws.Config, c Config, t *http.Transport) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			o.UsePathStyle = true
		}
		if c.PathStyle != nil {
			o.UsePathStyle = *c.PathStyle
		}
		o.Retryer = newRetryer()
		// Stores that answer a range with the checksum of the whole object would
		// fail every read, and few know the newer checksums at all.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.HTTPClient = &watchdog{next: noRedirects(t), stall: c.Stall, answer: t.ResponseHeaderTimeout}
	})
}

// noRedirects takes a redirect as the answer it is: S3 redirects to other regions,
// which need another signature, and portals redirect to their web page.
func noRedirects(t *http.Transport) *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close gives idle connections back. Calls that are under way go on.
func (s *Store) Close() error {
	for _, t := range s.transports {
		t.CloseIdleConnections()
	}
	return nil
}

// object puts together what answers have in common.
func (s *Store) object(key string, size int64, etag *string, modTime time.Time, metadata map[string]string) remote.Object {
	object := remote.Object{Key: key, Size: size, ETag: unquote(aws.ToString(etag)), ModTime: modTime}
	if len(metadata) > 0 {
		object.Metadata = make(map[string]string, len(metadata))
		for k, v := range metadata {
			object.Metadata[lower(k)] = remote.UnescapeMetadata(v)
		}
	}
	return object
}
