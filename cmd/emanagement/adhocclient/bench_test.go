package adhocclient

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"mellium.im/sasl"
)

// BenchmarkRun measures one verb from Dial to Close, on loopback. It also reports the time
// of each part.
func BenchmarkRun(b *testing.B) {
	a, v, args := account(plainServer, "admin@localhost"), verbByName(b, "getRoster"), values("userJid", "bench@localhost")
	var dialling, running, closing time.Duration
	for b.Loop() {
		began := time.Now()
		c, err := Dial(b.Context(), a)
		require.NoError(b, err)
		dialled := time.Now()
		_, err = c.Run(b.Context(), service, v, args, false)
		require.NoError(b, err)
		ran := time.Now()
		require.NoError(b, c.Close())
		dialling, running, closing = dialling+dialled.Sub(began), running+ran.Sub(dialled), closing+time.Since(ran)
	}
	for name, took := range map[string]time.Duration{"dial": dialling, "run": running, "close": closing} {
		b.ReportMetric(took.Seconds()*1000/float64(b.N), "ms/"+name)
	}
}

// BenchmarkDial measures the same without the verb, with and without TLS.
func BenchmarkDial(b *testing.B) {
	for name, connect := range map[string]func() (*Client, error){
		"plain":       func() (*Client, error) { return Dial(b.Context(), account(plainServer, "admin@localhost")) },
		"loopbackTLS": func() (*Client, error) { return Dial(b.Context(), account(tlsServer, "admin@localhost")) },
		"verifiedTLS": func() (*Client, error) {
			return dial(b.Context(), &newRemoteDialer(authority).Dialer, account(tlsServer, "admin@localhost"))
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c, err := connect()
				require.NoError(b, err)
				require.NoError(b, c.Close())
			}
		})
	}
}

// BenchmarkProof measures the computation on this side for a login by SCRAM-SHA-256 with
// 4096 rounds. Every login needs it.
func BenchmarkProof(b *testing.B) {
	for b.Loop() {
		n := sasl.NewClient(sasl.ScramSha256, sasl.Credentials(func() (user, password, identity []byte) {
			return []byte("admin"), []byte("pw"), nil
		}), sasl.TLSState(tls.ConnectionState{}))
		_, _, err := n.Step(nil)
		require.NoError(b, err)
		_, _, err = n.Step([]byte("r=" + string(n.Nonce()) + "x,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096"))
		require.NoError(b, err)
	}
}
