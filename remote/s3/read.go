package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lockerfs/lockerfs/remote"
)

// Get implements [remote.Getter].
func (s *Store) Get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	body, object, err := s.get(ctx, key, r, ifMatch)
	if err != nil {
		return nil, remote.Object{}, fail(ctx, "get", key, s.resolve(ctx, key, err))
	}
	return body, object, nil
}

func (s *Store) get(ctx context.Context, key string, r remote.Range, ifMatch string) (io.ReadCloser, remote.Object, error) {
	if err := checkRead(ctx, key, r); err != nil {
		return nil, remote.Object{}, err
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)}
	if !r.Whole() {
		in.Range = aws.String(rangeHeader(r))
	}
	if ifMatch != "" {
		in.IfMatch = quote(ifMatch)
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		if r.Offset == 0 && kindOf(err) == remote.ErrRange {
			return s.empty(ctx, key, ifMatch)
		}
		return nil, remote.Object{}, err
	}
	size, n, err := checkAnswer(out, r, ifMatch)
	if err != nil {
		out.Body.Close()
		return nil, remote.Object{}, err
	}
	object := s.object(key, size, out.ETag, aws.ToTime(out.LastModified), out.Metadata)
	return &body{ctx: ctx, key: key, r: out.Body, left: n}, object, nil
}

func checkRead(ctx context.Context, key string, r remote.Range) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !remote.ValidKey(key) || r.Offset < 0 || r.Length < 0 {
		return fmt.Errorf("%w: key or range %d+%d", remote.ErrInvalid, r.Offset, r.Length)
	}
	return nil
}

func rangeHeader(r remote.Range) string {
	if r.Length > math.MaxInt64-r.Offset {
		r.Length = 0 // to the end, and without overflow
	}
	return r.String()
}

// empty answers for an object of no bytes, of which S3 has no range at all.
func (s *Store) empty(ctx context.Context, key, ifMatch string) (io.ReadCloser, remote.Object, error) {
	object, err := s.head(ctx, key)
	switch {
	case err != nil:
		return nil, remote.Object{}, err
	case ifMatch != "" && object.ETag != ifMatch:
		return nil, remote.Object{}, remote.ErrPrecondition
	case object.Size != 0:
		return nil, remote.Object{}, fmt.Errorf("%w: 416 for a range inside the object", remote.ErrCorrupt)
	}
	return http.NoBody, object, nil
}

// checkAnswer gives the object's size and the body's, or ErrCorrupt if the answer is
// not to what was asked.
func checkAnswer(out *s3.GetObjectOutput, r remote.Range, ifMatch string) (size, n int64, err error) {
	wrong := func(format string, args ...any) (int64, int64, error) {
		return 0, 0, fmt.Errorf("%w: "+format, append([]any{remote.ErrCorrupt}, args...)...)
	}
	etag := unquote(aws.ToString(out.ETag))
	status := 0
	if raw, ok := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		status = raw.StatusCode
	}
	switch {
	case etag == "":
		return wrong("no ETag")
	case ifMatch != "" && etag != ifMatch:
		// A store that ignores If-Match, or changed between the two.
		return 0, 0, fmt.Errorf("%w: its ETag is %s", remote.ErrPrecondition, etag)
	case out.ContentLength == nil || *out.ContentLength < 0:
		return wrong("no Content-Length")
	case r.Whole() && status == http.StatusOK:
		return *out.ContentLength, *out.ContentLength, nil
	case r.Whole() || status != http.StatusPartialContent:
		return wrong("status %d to range %q", status, r)
	}
	first, last, size, ok := parseContentRange(aws.ToString(out.ContentRange))
	if !ok {
		return wrong("Content-Range %q", aws.ToString(out.ContentRange))
	}
	want, err := r.Within(size)
	if err != nil || first != r.Offset || last-first+1 != want || *out.ContentLength != want {
		return wrong("%d bytes of %q to range %q", *out.ContentLength, aws.ToString(out.ContentRange), r)
	}
	return size, want, nil
}

// Head implements [remote.Header].
func (s *Store) Head(ctx context.Context, key string) (remote.Object, error) {
	object, err := s.head(ctx, key)
	if err != nil {
		return remote.Object{}, fail(ctx, "head", key, s.resolve(ctx, key, err))
	}
	return object, nil
}

func (s *Store) head(ctx context.Context, key string) (remote.Object, error) {
	if err := checkRead(ctx, key, remote.Range{}); err != nil {
		return remote.Object{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if err != nil {
		return remote.Object{}, err
	}
	if aws.ToString(out.ETag) == "" || out.ContentLength == nil {
		return remote.Object{}, fmt.Errorf("%w: no ETag or no Content-Length", remote.ErrCorrupt)
	}
	return s.object(key, *out.ContentLength, out.ETag, aws.ToTime(out.LastModified), out.Metadata), nil
}

// body gives exactly the bytes promised, or an error.
type body struct {
	ctx  context.Context
	key  string
	r    io.ReadCloser
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, b.fail(err) // whatever has arrived already
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return max(0, n+int(b.left)), b.fail(fmt.Errorf("%w: more bytes than promised", remote.ErrCorrupt))
	case err == io.EOF && b.left > 0, errors.Is(err, io.ErrUnexpectedEOF):
		return n, b.fail(fmt.Errorf("%w: the connection ended %d bytes early", remote.ErrOffline, b.left))
	case err != nil && err != io.EOF:
		return n, b.fail(err)
	}
	return n, err
}

func (b *body) fail(err error) error { return fail(b.ctx, "get", b.key, err) }

func (b *body) Close() error {
	// What Close of a connection given up half way says is of no use to anyone.
	_ = b.r.Close()
	return nil
}
