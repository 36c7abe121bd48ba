package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lockerfs/lockerfs/remote"
)

// codes says what the error codes of S3 and of servers like it mean. A condition that
// fails is ErrPrecondition here; a put makes it ErrExists where it asked for absence.
var codes = map[string]error{
	"NoSuchKey":     remote.ErrNotFound,
	"NoSuchVersion": remote.ErrNotFound,
	"NoSuchBucket":  remote.ErrNoStore,

	"PreconditionFailed":         remote.ErrPrecondition,
	"ConditionalRequestConflict": remote.ErrPrecondition,

	"NotImplemented": remote.ErrNotImplemented,
	"InvalidRange":   remote.ErrRange,

	"AccessDenied":          remote.ErrDenied,
	"AccountProblem":        remote.ErrDenied,
	"AllAccessDisabled":     remote.ErrDenied,
	"SignatureDoesNotMatch": remote.ErrDenied,
	"InvalidAccessKeyId":    remote.ErrDenied,
	"InvalidSecurity":       remote.ErrDenied,
	"InvalidToken":          remote.ErrDenied,
	"ExpiredToken":          remote.ErrDenied,
	"XAdminUserNotFound":    remote.ErrDenied, // versitygw's unknown key, with status 404
	"RequestTimeTooSkewed":  remote.ErrDenied,

	"SlowDown":             remote.ErrThrottled,
	"Busy":                 remote.ErrThrottled,
	"ServiceUnavailable":   remote.ErrThrottled,
	"InternalError":        remote.ErrThrottled,
	"OperationAborted":     remote.ErrThrottled,
	"TooManyRequests":      remote.ErrThrottled,
	"RequestLimitExceeded": remote.ErrThrottled,
	"NoSuchUpload":         remote.ErrThrottled,
	"RequestTimeout":       remote.ErrOffline,

	"BadDigest":                 remote.ErrCorrupt,
	"InvalidDigest":             remote.ErrCorrupt,
	"XAmzContentSHA256Mismatch": remote.ErrCorrupt,
	"IncompleteBody":            remote.ErrCorrupt,

	"XMinioStorageFull":              remote.ErrFull,
	"InsufficientStorage":            remote.ErrFull,
	"QuotaExceeded":                  remote.ErrFull,
	"XMinioAdminBucketQuotaExceeded": remote.ErrFull,

	"AuthorizationHeaderMalformed": remote.ErrInvalid, // the wrong region
	"PermanentRedirect":            remote.ErrInvalid, // likewise
	"TemporaryRedirect":            remote.ErrThrottled,
	"KeyTooLongError":              remote.ErrInvalid,
	"EntityTooLarge":               remote.ErrInvalid,
	"MetadataTooLarge":             remote.ErrInvalid,
	"InvalidBucketName":            remote.ErrInvalid,
	"InvalidArgument":              remote.ErrInvalid,
	"InvalidRequest":               remote.ErrInvalid,
	"ObjectParentIsFile":           remote.ErrInvalid, // file-backed servers
	"ExistingObjectIsDirectory":    remote.ErrInvalid,
}

// statuses says what a status means whose code is none of the above. 404 is missing
// with intent: without its code it tells nothing about the object (see Store.absent).
var statuses = map[int]error{
	http.StatusMovedPermanently:              remote.ErrInvalid,
	http.StatusTemporaryRedirect:             remote.ErrThrottled,
	http.StatusPermanentRedirect:             remote.ErrInvalid,
	http.StatusBadRequest:                    remote.ErrInvalid,
	http.StatusUnauthorized:                  remote.ErrDenied,
	http.StatusForbidden:                     remote.ErrDenied,
	http.StatusMethodNotAllowed:              remote.ErrNotImplemented,
	http.StatusProxyAuthRequired:             remote.ErrDenied,
	http.StatusRequestTimeout:                remote.ErrOffline,
	http.StatusConflict:                      remote.ErrInvalid,
	http.StatusPreconditionFailed:            remote.ErrPrecondition,
	http.StatusRequestedRangeNotSatisfiable:  remote.ErrRange,
	http.StatusTooManyRequests:               remote.ErrThrottled,
	http.StatusInternalServerError:           remote.ErrThrottled,
	http.StatusNotImplemented:                remote.ErrNotImplemented,
	http.StatusBadGateway:                    remote.ErrThrottled,
	http.StatusServiceUnavailable:            remote.ErrThrottled,
	http.StatusGatewayTimeout:                remote.ErrThrottled,
	http.StatusInsufficientStorage:           remote.ErrFull,
	http.StatusNetworkAuthenticationRequired: remote.ErrOffline,
}

// kinds are those this package may have set itself on the way.
var kinds = []error{
	remote.ErrNotFound, remote.ErrExists, remote.ErrPrecondition, remote.ErrNotImplemented, remote.ErrOffline, remote.ErrDenied,
	remote.ErrThrottled, remote.ErrCorrupt, remote.ErrNoStore, remote.ErrRange, remote.ErrFull, remote.ErrInvalid,
}

// kindOf gives the kind of an error that is not the context's.
func kindOf(err error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return kind
		}
	}
	var credential *credentialError
	if errors.As(err, &credential) {
		return credential.kind
	}
	if errors.Is(err, errNotS3) {
		return remote.ErrOffline // it is there, but something stands before it
	}
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() == 0 {
		return kindWithoutAnswer(err)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if kind := codes[api.ErrorCode()]; kind != nil {
			return kind
		}
	}
	if kind := statuses[response.HTTPStatusCode()]; kind != nil {
		return kind
	}
	if response.HTTPStatusCode() >= 500 {
		return remote.ErrThrottled
	}
	return remote.ErrCorrupt
}

// kindWithoutAnswer tells what failed before a request was sent from what failed on
// its way; all of the latter is ErrOffline.
func kindWithoutAnswer(err error) error {
	var canceled *aws.RequestCanceledError
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) || errors.As(err, &canceled) || errors.Is(err, errStalled) {
		return remote.ErrOffline
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return remote.ErrInvalid // the SDK refused to make the request
	}
	return remote.ErrOffline
}

// bare404 tells an answer that says 404 and not what is missing, as to every HEAD.
func bare404(err error) bool {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != http.StatusNotFound {
		return false
	}
	var api smithy.APIError
	return !errors.As(err, &api) || codes[api.ErrorCode()] == nil
}

// absent finds out what a bare 404 to a request for key means: nil says that there is
// a bucket, and no such object in it. A vanished bucket must not look like absence.
func (s *Store) absent(ctx context.Context, key string) error {
	page, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: aws.String(s.prefix + key), MaxKeys: aws.Int32(1),
	})
	switch {
	case err != nil && bare404(err):
		return fmt.Errorf("%w: %w", remote.ErrNoStore, err)
	case err != nil:
		return err
	case page.IsTruncated == nil:
		return fmt.Errorf("%w: not a listing", remote.ErrCorrupt)
	case len(page.Contents) > 0 && aws.ToString(page.Contents[0].Key) == s.prefix+key:
		return fmt.Errorf("%w: listed, and answered 404", remote.ErrThrottled)
	}
	return nil
}

// resolve replaces a bare 404 by what it means.
func (s *Store) resolve(ctx context.Context, key string, err error) error {
	if err == nil || !bare404(err) {
		return err
	}
	if found := s.absent(ctx, key); found != nil {
		return found
	}
	return fmt.Errorf("%w: %w", remote.ErrNotFound, err)
}

// fail wraps err as the contract wants it. Only if ctx has ended is err the context's;
// time-outs of the network look like it, and must not to the caller.
func fail(ctx context.Context, op, key string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s %q: %w", op, key, ended)
	}
	kind := kindOf(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = errors.New(err.Error())
	}
	if err == kind {
		err = nil // else the kind would be said twice
	}
	return &remote.Error{Op: op, Key: key, Kind: kind, Err: err}
}

func unquote(etag string) string {
	if len(etag) >= 2 && etag[0] == '"' && etag[len(etag)-1] == '"' {
		return etag[1 : len(etag)-1]
	}
	return etag
}

func quote(etag string) *string { return aws.String(`"` + etag + `"`) }

func lower(key string) string { return strings.ToLower(key) }
