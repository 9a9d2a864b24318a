package client

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mellium.im/xmpp/jid"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	srv := func(target string, port, priority uint16) *net.SRV {
		return &net.SRV{Target: target, Port: port, Priority: priority}
	}
	noSuchHost := &net.DNSError{Err: "no such host", IsNotFound: true}
	for name, test := range map[string]struct {
		server           string
		direct, startTLS []*net.SRV
		err              error
		want             []endpoint
	}{
		"named":           {server: "10.0.0.1:5299", want: []endpoint{{"10.0.0.1:5299", false}}},
		"named, no port":  {server: "xmpp.example.org", want: []endpoint{{"xmpp.example.org:5222", false}}},
		"an IPv6 address": {server: "[2001:db8::1]", want: []endpoint{{"[2001:db8::1]:5222", false}}},
		"no records":      {err: noSuchHost, want: []endpoint{{"xn--mller-kva.example:5222", false}}},
		"no DNS":          {err: errors.New("timeout"), want: []endpoint{{"xn--mller-kva.example:5222", false}}},
		"both, mixed": {
			direct:   []*net.SRV{srv("a.example.", 443, 5), srv("b.example.", 5223, 20)},
			startTLS: []*net.SRV{srv("c.example.", 5222, 5), srv("d.example.", 5222, 10)},
			want:     []endpoint{{"a.example:443", true}, {"c.example:5222", false}, {"d.example:5222", false}, {"b.example:5223", true}},
		},
		"no direct TLS, decidedly": {direct: []*net.SRV{srv(".", 0, 0)}, want: []endpoint{{"xn--mller-kva.example:5222", false}}},
		"only direct TLS": {
			direct: []*net.SRV{srv("a.example.", 443, 5)}, startTLS: []*net.SRV{srv(".", 0, 0)}, want: []endpoint{{"a.example:443", true}},
		},
		"some are broken": {startTLS: []*net.SRV{srv("c.example.", 5222, 5)}, err: errors.New("broken"), want: []endpoint{{"c.example:5222", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := Dialer{LookUp: func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
				assert.Equal(t, "tcp", proto)
				assert.Equal(t, "xn--mller-kva.example", name)
				if service == "xmpps-client" {
					return "", test.direct, test.err
				}
				assert.Equal(t, "xmpp-client", service)
				return "", test.startTLS, test.err
			}}
			got, err := d.endpoints(t.Context(), Account{JID: jid.MustParse("a@müller.example"), Server: test.server})
			assert.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// TestEndpointsNone checks the error if the DNS of a domain says that it has no server.
func TestEndpointsNone(t *testing.T) {
	t.Parallel()
	d := Dialer{LookUp: func(context.Context, string, string, string) (string, []*net.SRV, error) {
		return "", []*net.SRV{{Target: "."}}, nil
	}}
	_, err := d.Connect(t.Context(), Account{JID: jid.MustParse("a@none.example")})
	require.ErrorAs(t, err, new(*Error))
	assert.EqualError(t, err, "the XMPP server of none.example cannot be reached: its DNS says that it has none")
}
