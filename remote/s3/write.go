package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lockerfs/lockerfs/remote"
)

// smallBody is up to where a body is sent as fast as the answer is expected.
const smallBody = 256 << 10

// Put implements [remote.Putter].
func (s *Store) Put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	object, err := s.put(ctx, key, body, o)
	if err != nil {
		return remote.Object{}, fail(ctx, "put", key, s.refused(ctx, key, o.If, err))
	}
	return object, nil
}

func (s *Store) put(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	if err := ctx.Err(); err != nil {
		return remote.Object{}, err
	}
	if err := remote.CheckPut(key, body, o); err != nil {
		return remote.Object{}, err
	}
	if body.Size() > multipartAbove {
		return s.putParts(ctx, key, body, o)
	}
	sum, err := contentMD5(ctx, body)
	if err != nil {
		return remote.Object{}, err
	}
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.prefix + key),
		Body: io.NewSectionReader(body, 0, body.Size()), ContentLength: aws.Int64(body.Size()),
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum)),
		Metadata:   escaped(o.Metadata), ContentType: contentType(o),
	}
	if o.If.Absent {
		in.IfNoneMatch = aws.String("*")
	}
	if o.If.ETag != "" {
		in.IfMatch = quote(o.If.ETag)
	}
	client := s.client
	if body.Size() > smallBody {
		client = s.bulk
	}
	out, err := client.PutObject(ctx, in)
	if err != nil {
		return remote.Object{}, err
	}
	if aws.ToString(out.ETag) == "" {
		return remote.Object{}, fmt.Errorf("%w: no ETag", remote.ErrCorrupt)
	}
	object := s.object(key, body.Size(), out.ETag, storeTime(out.ResultMetadata), in.Metadata)
	return object, nil
}

// refused gives the error of a put its kind under the condition it had.
func (s *Store) refused(ctx context.Context, key string, c remote.Condition, err error) error {
	if bare404(err) {
		if found := s.absent(ctx, key); found != nil {
			return found
		}
	}
	switch kind := kindOf(err); {
	case c.ETag != "" && (kind == remote.ErrNotFound || bare404(err)):
		return hide(remote.ErrPrecondition, err) // nothing is there to be replaced
	case c.Absent && kind == remote.ErrPrecondition:
		return hide(remote.ErrExists, err)
	case c == (remote.Condition{}) && (kind == remote.ErrNotFound || kind == remote.ErrPrecondition):
		return hide(remote.ErrCorrupt, err)
	}
	return err
}

// hide gives err another kind than its own.
func hide(kind, err error) error { return fmt.Errorf("%w: %v", kind, err) }

// contentMD5 reads body, which also finds out whether it is as long as it says.
func contentMD5(ctx context.Context, body *io.SectionReader) ([]byte, error) {
	hash := md5.New()
	n, err := io.Copy(hash, io.NewSectionReader(body, 0, body.Size()))
	if ended := ctx.Err(); ended != nil {
		return nil, ended
	}
	if err == nil && n < body.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w: body, at %d of %d bytes: %w", remote.ErrInvalid, n, body.Size(), err)
	}
	return hash.Sum(nil), nil
}

func contentType(o remote.PutOptions) *string {
	if o.ContentType == "" {
		return nil
	}
	return &o.ContentType
}

func escaped(metadata map[string]string) map[string]string {
	out := make(map[string]string, len(metadata))
	for k, v := range metadata {
		out[k] = remote.EscapeMetadata(v)
	}
	return out
}

// storeTime gives the store's clock when it answered: a put tells no other time.
func storeTime(m smithymiddleware.Metadata) time.Time {
	raw, ok := middleware.GetRawResponse(m).(*smithyhttp.Response)
	if ok {
		if t, err := http.ParseTime(raw.Header.Get("Date")); err == nil {
			return t
		}
	}
	return time.Now()
}

// Delete implements [remote.Deleter].
func (s *Store) Delete(ctx context.Context, key string) error {
	err := checkRead(ctx, key, remote.Range{})
	if err == nil {
		_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
		err = s.resolve(ctx, key, err)
	}
	if err != nil && (ctx.Err() != nil || kindOf(err) != remote.ErrNotFound) {
		return fail(ctx, "delete", key, err)
	}
	return nil
}
