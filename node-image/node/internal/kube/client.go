// Package kube is a small client of the Kubernetes API: create or apply,
// read, patch and watch, over HTTPS with a client certificate. The official
// client would make this program ten times as large and slow to start.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"sigs.k8s.io/yaml"
)

// Client talks to one API server.
type Client struct {
	server string
	http   *http.Client
}

type kubeconfig struct {
	CurrentContext string `json:"current-context"`
	Contexts       []struct {
		Name    string `json:"name"`
		Context struct {
			Cluster string `json:"cluster"`
			User    string `json:"user"`
		} `json:"context"`
	} `json:"contexts"`
	Clusters []struct {
		Name    string `json:"name"`
		Cluster struct {
			Server string `json:"server"`
			CAData string `json:"certificate-authority-data"`
			CA     string `json:"certificate-authority"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		Name string `json:"name"`
		User struct {
			CertificateData string `json:"client-certificate-data"`
			KeyData         string `json:"client-key-data"`
			Certificate     string `json:"client-certificate"`
			Key             string `json:"client-key"`
		} `json:"user"`
	} `json:"users"`
}

// FromKubeconfig makes a client of the file's current context.
func FromKubeconfig(path string) (*Client, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	client, err := fromKubeconfig(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return client, nil
}

func fromKubeconfig(content []byte) (*Client, error) {
	var config kubeconfig
	if err := yaml.Unmarshal(content, &config); err != nil {
		return nil, err
	}
	var cluster, user string
	for _, context := range config.Contexts {
		if context.Name == config.CurrentContext {
			cluster, user = context.Context.Cluster, context.Context.User
		}
	}
	transport := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	client := &Client{}
	for _, entry := range config.Clusters {
		if entry.Name != cluster {
			continue
		}
		client.server = entry.Cluster.Server
		authority, err := material(entry.Cluster.CAData, entry.Cluster.CA)
		if err != nil {
			return nil, err
		}
		if !transport.RootCAs.AppendCertsFromPEM(authority) {
			return nil, errors.New("its certificate authority is not PEM")
		}
	}
	for _, entry := range config.Users {
		if entry.Name != user {
			continue
		}
		certificate, err := material(entry.User.CertificateData, entry.User.Certificate)
		if err != nil {
			return nil, err
		}
		key, err := material(entry.User.KeyData, entry.User.Key)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		transport.Certificates = []tls.Certificate{pair}
	}
	if client.server == "" || len(transport.Certificates) == 0 {
		return nil, fmt.Errorf("its current context %q has no cluster or no user certificate", config.CurrentContext)
	}
	client.http = &http.Client{Transport: &http.Transport{
		TLSClientConfig: transport, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 30 * time.Second,
	}}
	return client, nil
}

// At makes the client talk to server instead, e.g. https://127.0.0.1:6443; the
// certificate must still be good for the name in the kubeconfig.
func (c *Client) At(server string) *Client {
	transport := c.http.Transport.(*http.Transport).Clone()
	if named, err := url.Parse(c.server); err == nil {
		transport.TLSClientConfig.ServerName = named.Hostname()
	}
	return &Client{server: server, http: &http.Client{Transport: transport}}
}

// material is inline base64 or the content of a file.
func material(inline, path string) ([]byte, error) {
	if inline != "" {
		return base64.StdEncoding.DecodeString(inline)
	}
	return os.ReadFile(path)
}

// StatusError is an answer of the API server that is not a success.
type StatusError struct {
	Method, Path, Message string
	Code                  int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Code, e.Message)
}

// HasCode tells whether err is an answer with that HTTP status.
func HasCode(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

const (
	typeJSON  = "application/json"
	typeMerge = "application/merge-patch+json"
	typeApply = "application/apply-patch+yaml"
)

func (c *Client) open(ctx context.Context, method, path, contentType string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", typeJSON)
	request.Header.Set("User-Agent", "apple-k8s-node")
	if len(body) > 0 {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		answer, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		var status struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(answer, &status) != nil || status.Message == "" {
			status.Message = string(answer)
		}
		return nil, &StatusError{Method: method, Path: path, Code: response.StatusCode, Message: status.Message}
	}
	return response, nil
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	response, err := c.open(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// Get reads path into an object.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, into)
}

// MergePatch changes the object at path.
func (c *Client) MergePatch(ctx context.Context, path string, patch any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPatch, path, typeMerge, body, nil)
}

// Ensure creates an object. If it exists, it is applied on the server's side,
// so that doing it again is harmless.
func (c *Client) Ensure(ctx context.Context, object map[string]any) error {
	collection, name, err := pathOf(object)
	if err != nil {
		return err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	err = c.do(ctx, http.MethodPost, collection+"?fieldManager=apple-k8s", typeJSON, body, nil)
	// A Service that exists is refused for its address before its name.
	if !HasCode(err, http.StatusConflict) && !HasCode(err, http.StatusUnprocessableEntity) {
		return err
	}
	// JSON is YAML, and what an apply must not carry is the version.
	query := "?fieldManager=apple-k8s&force=true"
	return c.do(ctx, http.MethodPatch, collection+"/"+url.PathEscape(name)+query, typeApply, body, nil)
}

// Event is one line of a watch.
type Event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// watchRetry is the pause before a watch is begun anew after an error.
const watchRetry = 50 * time.Millisecond

// WatchUntil watches the collection, what exists first, until accept returns
// true for an object, or ctx ends. It begins anew when the server ends the
// watch, is not there yet, or fails; only what the server refuses is an error.
func (c *Client) WatchUntil(ctx context.Context, collection, fieldSelector string, accept func(json.RawMessage) (bool, error)) error {
	for {
		done, err := c.watchOnce(ctx, collection, fieldSelector, accept)
		if done {
			return err
		}
		var status *StatusError
		refused := errors.As(err, &status) && status.Code != http.StatusGone && status.Code < http.StatusInternalServerError
		if refused {
			return err
		}
		select {
		case <-time.After(watchRetry):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

func (c *Client) watchOnce(ctx context.Context, collection, fieldSelector string, accept func(json.RawMessage) (bool, error)) (bool, error) {
	// Without a resourceVersion a watch begins with what exists, so that no
	// list is needed and nothing is missed.
	query := url.Values{"watch": {"1"}, "timeoutSeconds": {"300"}}
	if fieldSelector != "" {
		query.Set("fieldSelector", fieldSelector)
	}
	response, err := c.open(ctx, http.MethodGet, collection+"?"+query.Encode(), "", nil)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var event Event
		if err := decoder.Decode(&event); err != nil {
			return false, err
		}
		if event.Type != "ADDED" && event.Type != "MODIFIED" {
			continue
		}
		if done, err := accept(event.Object); done || err != nil {
			return true, err
		}
	}
}
