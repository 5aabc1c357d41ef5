package transport

import "time"

// patience bounds waiting for a condition on a busy machine.
const patience = 20 * time.Second
