package testserver

import (
	"context"
	"encoding/json"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	b := time.Now()
	s := Run(t, nil)
	t.Log("up", time.Since(b))
	ctx := context.Background()
	if err := s.Register(ctx, "demo", "localhost", "pw"); err != nil {
		t.Fatal(err)
	}
	out, err := s.Ctl(ctx, "add_rosteritem", "ghost", "localhost", "bob", "localhost", "Nick : x", "A;B", "both")
	t.Log(out, err)
	out, err = s.Ctl(ctx, "get_roster", "ghost", "localhost")
	t.Log(out, err)
	var v json.RawMessage
	err = s.API(ctx, "get_roster", map[string]string{"user": "ghost", "host": "localhost"}, &v)
	t.Log(string(v), err)
	t.Log(s.Stop(ctx), time.Since(b))
	t.Log(s.Start(ctx), time.Since(b))
	out, err = s.Ctl(ctx, "get_roster", "ghost", "localhost")
	t.Log(out, err, time.Since(b))
	t.Log(s.Log())
}
