package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/lockerfs/lockerfs/remote"
)

const defaultRegion = "us-east-1"

// awsConfig gathers region and credentials. It reads files and the environment and
// never the network, so that a store can be opened offline.
func awsConfig(ctx context.Context, c Config) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithDefaultRegion(defaultRegion),
		config.WithEC2IMDSClientEnableState(imdsState()),
		config.WithHTTPClient(newTransport()),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Credentials != "" {
		provider, err := fileCredentials(ctx, c.Credentials, c.Profile)
		if err != nil {
			return aws.Config{}, err
		}
		// The profile is that of the file; the chain's files may not have it.
		options = append(options, config.WithCredentialsProvider(provider))
	} else if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return aws.Config{}, fmt.Errorf("%w: %w", remote.ErrDenied, err)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("%w: AWS configuration: %w", remote.ErrInvalid, err)
	}
	cfg.Credentials = &explained{cfg.Credentials}
	return cfg, nil
}

// imdsState keeps the chain from asking the metadata address of Amazon's machines:
// elsewhere nothing answers there, and without other credentials the first call would
// hang for seconds. On such a machine AWS_EC2_METADATA_DISABLED=false asks for it.
func imdsState() imds.ClientEnableState {
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "false") {
		return imds.ClientEnabled
	}
	return imds.ClientDisabled
}

// fileCredentials reads the keys of one profile from a file that only its owner, or
// a service that was handed it, can read.
func fileCredentials(ctx context.Context, file, profile string) (aws.CredentialsProvider, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("%w: credentials file: %w", remote.ErrDenied, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: credentials file %s has mode %04o, others can read it: chmod 600 it", remote.ErrDenied, file, mode)
	}
	if profile == "" {
		profile = config.DefaultSharedConfigProfile
	}
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{file}, []string{}
	})
	if err != nil {
		return nil, fmt.Errorf("%w: credentials file %s: %w", remote.ErrDenied, file, err)
	}
	if !shared.Credentials.HasKeys() {
		return nil, fmt.Errorf("%w: credentials file %s has no keys in profile %q", remote.ErrDenied, file, profile)
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return shared.Credentials, nil }), nil
}

// explained is a provider whose failures have a kind and say what to do.
type explained struct {
	aws.CredentialsProvider
}

func (e *explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, err := e.CredentialsProvider.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return keys, err
	}
	var netErr net.Error
	if errors.As(err, &netErr) { // a sign-on service that is away
		return keys, &credentialError{remote.ErrOffline, err}
	}
	return keys, &credentialError{remote.ErrDenied, err}
}

// credentialError ends the call without another try.
type credentialError struct {
	kind error
	err  error
}

func (e *credentialError) Error() string {
	if e.kind == remote.ErrOffline {
		return fmt.Sprintf("credentials: %v", e.err)
	}
	return fmt.Sprintf("no usable credentials (set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a credentials file): %v", e.err)
}

func (e *credentialError) Unwrap() error { return e.err }
