package state

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Error codes of the JetStream API that nats.go does not name (errors.json of
// nats-server 2.15).
const (
	codeNoPeers           jetstream.ErrorCode = 10005
	codeNotAssigned       jetstream.ErrorCode = 10007
	codeNotAvailable      jetstream.ErrorCode = 10008
	codeNotLeader         jetstream.ErrorCode = 10009
	codeNoResources       jetstream.ErrorCode = 10023
	codeNoMemory          jetstream.ErrorCode = 10028
	codeNoStorage         jetstream.ErrorCode = 10047
	codeStreamOffline     jetstream.ErrorCode = 10118
	codeSequenceLater     jetstream.ErrorCode = 10163
	codeStreamOfflineWith jetstream.ErrorCode = 10194
)

var (
	// undone are errors after which surely nothing was done, and which pass when a
	// leader is elected or a connection made.
	undone = []error{
		nats.ErrNoResponders, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting,
		jetstream.ErrNoStreamResponse,
		jetstream.ErrJetStreamNotEnabled, // so nats.go calls "no responders" to a read
	}
	undoneCodes = []jetstream.ErrorCode{codeNoPeers, codeNotAssigned, codeNotAvailable, codeNotLeader, codeSequenceLater}

	// silent are errors that say that nobody answers.
	silent = []error{
		context.DeadlineExceeded, nats.ErrTimeout, nats.ErrConnectionClosed, nats.ErrDisconnected, nats.ErrStaleConnection,
		jetstream.ErrNoHeartbeat, jetstream.ErrConsumerDeleted, jetstream.ErrMsgIteratorClosed,
		jetstream.ErrStreamNotFound, // it was there when it was opened
	}
	silentCodes = []jetstream.ErrorCode{codeNoMemory, codeNoStorage, codeStreamOffline, codeStreamOfflineWith}

	fullCodes = []jetstream.ErrorCode{codeNoResources, codeNoMemory, codeNoStorage}
)

// isUndone tells whether trying again is safe and may help.
func isUndone(err error) bool {
	return isOne(err, undone) || slices.Contains(undoneCodes, codeOf(err))
}

// failure turns an error of the library into one of this package. ctx is the
// caller's: when it ended, that is the error.
func failure(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return ErrNotFound
	case isRevision(err):
		return ErrRevision
	case isSilent(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("state: %w", err)
}

func isSilent(err error) bool {
	var answer *jetstream.APIError
	unavailable := errors.As(err, &answer) && answer.Code == 503
	return unavailable || isUndone(err) || isOne(err, silent) || slices.Contains(silentCodes, codeOf(err))
}

// isRevision tells whether a conditional write found something else. A replicated
// stream says so with a code of its own.
func isRevision(err error) bool {
	code := codeOf(err)
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// isFull tells whether a write found no room.
func isFull(err error) bool {
	return err != nil && slices.Contains(fullCodes, codeOf(err))
}

func isOne(err error, of []error) bool {
	return slices.ContainsFunc(of, func(target error) bool { return errors.Is(err, target) })
}

// codeOf returns the code of an error of the JetStream API, 0 for others.
func codeOf(err error) jetstream.ErrorCode {
	var answer *jetstream.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode
	}
	return 0
}
