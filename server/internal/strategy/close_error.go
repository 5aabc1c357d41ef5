package strategy

// Reason says in one word why a strategy ended a stream. Readers get it as the
// data of the event "close".
type Reason string

// The reasons.
const (
	// ReasonOverflow: a message came for which there was neither demand nor room.
	ReasonOverflow Reason = "overflow"
	// ReasonPendingMessages: more messages wait than a reader may leave behind.
	ReasonPendingMessages Reason = "pending-messages"
	// ReasonPendingBytes: more bytes wait than a reader may leave behind.
	ReasonPendingBytes Reason = "pending-bytes"
	// ReasonWriteDeadline: one write has waited for room for too long.
	ReasonWriteDeadline Reason = "write-deadline"
	// ReasonBadRequest: the reader asked for less than one message (Reactive
	// Streams, rule 3.9).
	ReasonBadRequest Reason = "bad-request"
	// ReasonComplete: the source has ended, and everything was delivered.
	ReasonComplete Reason = "complete"
)

// CloseError is the end of a stream that a strategy decided by its own rule.
// Neither source nor sink has failed: the reader may come back.
type CloseError struct {
	Reason Reason
	Detail string // with numbers, for the log
}

func (e *CloseError) Error() string { return string(e.Reason) + ": " + e.Detail }
