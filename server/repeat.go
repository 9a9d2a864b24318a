package server

import (
	"context"
	"errors"

	"emanagement/component"
)

// maxRepeats limits how often a request is repeated. A request that makes the server end
// the stream would otherwise end one stream after the other.
const maxRepeats = 4

// Repeat calls request, and calls it again if its error wraps component.ErrDisconnected:
// at most four times, and not after the context has ended. It returns the last error. It
// is unknown whether the server carried out the first request, so the request must do no
// harm if it is made twice.
func Repeat(ctx context.Context, request func() error) error {
	err := request()
	for repeats := 0; repeats < maxRepeats && errors.Is(err, component.ErrDisconnected) && ctx.Err() == nil; repeats++ {
		err = request()
	}
	return err
}
