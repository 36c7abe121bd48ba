package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/lockerfs/lockerfs/remote"
)

var _ remote.Uploads = (*Store)(nil)

// ListUploads implements [remote.Uploads]. Some servers (MinIO) tell of an upload only who
// asks for its whole key; there the bucket's own rules must end old ones.
func (s *Store) ListUploads(ctx context.Context, prefix string) ([]remote.Unfinished, error) {
	list, err := s.listUploads(ctx, prefix)
	if err != nil {
		return nil, fail(ctx, "list uploads", prefix, err)
	}
	return list, nil
}

func (s *Store) listUploads(ctx context.Context, prefix string) (list []remote.Unfinished, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix), EncodingType: types.EncodingTypeUrl}
	for {
		out, err := s.client.ListMultipartUploads(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, u := range out.Uploads {
			key, err := decodeKey(out.EncodingType, u.Key)
			if err != nil {
				return nil, err
			}
			key, inside := strings.CutPrefix(key, s.prefix)
			if !inside || !strings.HasPrefix(key, prefix) || aws.ToString(u.UploadId) == "" {
				return nil, fmt.Errorf("%w: an upload of %q", remote.ErrCorrupt, aws.ToString(u.Key))
			}
			list = append(list, remote.Unfinished{Key: key, ID: *u.UploadId, Begun: aws.ToTime(u.Initiated)})
		}
		if !aws.ToBool(out.IsTruncated) {
			return list, nil
		}
		if aws.ToString(out.NextKeyMarker) == aws.ToString(in.KeyMarker) && aws.ToString(out.NextUploadIdMarker) == aws.ToString(in.UploadIdMarker) {
			return nil, fmt.Errorf("%w: a list of uploads that does not go on", remote.ErrCorrupt)
		}
		if in.KeyMarker, err = marker(out.EncodingType, out.NextKeyMarker); err != nil {
			return nil, err
		}
		in.UploadIdMarker = out.NextUploadIdMarker
	}
}

// marker is a key as it is asked for.
func marker(encoding types.EncodingType, key *string) (*string, error) {
	plain, err := decodeKey(encoding, key)
	return aws.String(plain), err
}

// AbortUpload implements [remote.Uploads].
func (s *Store) AbortUpload(ctx context.Context, u remote.Unfinished) error {
	if err := ctx.Err(); err != nil {
		return fail(ctx, "abort upload", u.Key, err)
	}
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: aws.String(s.prefix + u.Key), UploadId: aws.String(u.ID)})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload" {
		return nil
	}
	if err != nil {
		return fail(ctx, "abort upload", u.Key, err)
	}
	return nil
}
