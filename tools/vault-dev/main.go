// Runs a real Vault core in memory for the tests: KV version 2 at secret/, AppRole and Kubernetes login, nothing kept.
//
// The whole Vault binary brings every cloud's SDK and takes many minutes to build; the core with three back ends does not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/hashicorp/go-hclog"
	kubeauth "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// No plugin is looked up by name: the back ends below are all there is.
type noBuiltins struct{}

func (noBuiltins) Contains(string, consts.PluginType) bool { return false }
func (noBuiltins) Get(string, consts.PluginType) (func() (interface{}, error), bool) {
	return nil, false
}
func (noBuiltins) Keys(consts.PluginType) []string                   { return nil }
func (noBuiltins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
func (noBuiltins) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Unknown, false
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	token := flag.String("token", "root", "the root token")
	certificate := flag.String("cert", "", "PEM file of the certificate; with it the listener speaks TLS")
	key := flag.String("key", "", "PEM file of the certificate's key")
	flag.Parse()
	if err := run(*listen, *token, *certificate, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, token, certificate, key string) error {
	listenerConfig := &configutil.Listener{Type: "tcp", Address: listen}
	core, err := openCore(token, listenerConfig)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening %s\n", listener.Addr())
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: listenerConfig})
	server := &http.Server{Handler: handler}
	if certificate != "" {
		return server.ServeTLS(listener, certificate, key)
	}
	return server.Serve(listener)
}

func openCore(token string, listenerConfig *configutil.Listener) (*vault.Core, error) {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		Logger:             logger,
		DisableMlock:       true,
		DevToken:           token,
		BuiltinRegistry:    noBuiltins{},
		LogicalBackends:    map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory, "kubernetes": kubeauth.Factory},
		AuditBackends:      map[string]audit.Factory{},
		RawConfig: &server.Config{
			SharedConfig: &configutil.SharedConfig{DisableMlock: true, Listeners: []*configutil.Listener{listenerConfig}},
		},
	})
	if err != nil {
		return nil, err
	}
	return core, prepare(core, token)
}

// What `vault server -dev` does: one unseal share, a root token of our choice, KV version 2 at secret/.
func prepare(core *vault.Core, token string) error {
	ctx := namespace.RootContext(context.Background())
	made, err := core.Initialize(ctx, &vault.InitParams{
		BarrierConfig:  &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
		RecoveryConfig: &vault.SealConfig{},
	})
	if err != nil {
		return err
	}
	if unsealed, err := core.Unseal(made.SecretShares[0]); err != nil || !unsealed {
		return errors.Join(errors.New("the core stays sealed"), err)
	}
	for _, request := range []*logical.Request{
		{
			Path: "auth/token/create",
			Data: map[string]interface{}{"id": token, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true},
		},
		{Path: "sys/mounts/secret", Data: map[string]interface{}{"type": "kv", "options": map[string]string{"version": "2"}}},
		{Path: "sys/auth/approle", Data: map[string]interface{}{"type": "approle"}},
		{Path: "sys/auth/kubernetes", Data: map[string]interface{}{"type": "kubernetes"}},
	} {
		request.Operation = logical.UpdateOperation
		request.ClientToken = made.RootToken
		response, err := core.HandleRequest(ctx, request)
		if err != nil {
			return fmt.Errorf("%s: %w", request.Path, err)
		}
		if response != nil && response.IsError() {
			return fmt.Errorf("%s: %w", request.Path, response.Error())
		}
	}
	return nil
}
