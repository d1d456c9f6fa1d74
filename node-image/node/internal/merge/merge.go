// Package merge applies users' patches: JSON merge patches (RFC 7386, but lists
// of arguments merge by name) to kubeadm's documents, and TOML to containerd's configuration.
package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"sigs.k8s.io/yaml"
)

// Patch applies an RFC 7386 merge patch: objects merge, null removes, anything
// else replaces. Neither argument is changed.
func Patch(target, patch any) any {
	return patchWith(target, patch, func(_, list []any) []any { return list })
}

// patchWith is Patch with a say in what becomes of lists.
func patchWith(target, patch any, lists func(target, patch []any) []any) any {
	if list, isList := patch.([]any); isList {
		before, _ := target.([]any)
		return lists(before, list)
	}
	changes, isObject := patch.(map[string]any)
	if !isObject {
		return patch
	}
	merged := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		for key, value := range object {
			merged[key] = value
		}
	}
	for key, value := range changes {
		if value == nil {
			delete(merged, key)
			continue
		}
		merged[key] = patchWith(merged[key], value, lists)
	}
	return merged
}

// byArgument merges lists of kubeadm's arguments, {name, value}, by name: an
// argument that the user adds must not drop those that the node stands on, as
// node-ip. Other lists are replaced.
func byArgument(target, patch []any) []any {
	merged := append([]any{}, target...)
	for _, change := range patch {
		name, ok := argument(change)
		if !ok {
			return patch
		}
		at := len(merged)
		for index, present := range merged {
			present, ok := argument(present)
			if !ok {
				return patch
			}
			if present == name {
				at = index
			}
		}
		merged = append(merged[:at:at], append([]any{change}, merged[min(at+1, len(merged)):]...)...)
	}
	return merged
}

func argument(value any) (string, bool) {
	object, _ := value.(map[string]any)
	name, isName := object["name"].(string)
	_, hasValue := object["value"].(string)
	return name, isName && hasValue && len(object) == 2
}

// Documents splits a YAML stream and decodes its documents; empty ones are
// left out.
func Documents(stream []byte) ([]map[string]any, error) {
	var documents []map[string]any
	for _, part := range splitDocuments(string(stream)) {
		var document map[string]any
		if err := yaml.UnmarshalStrict([]byte(part), &document); err != nil {
			return nil, err
		}
		if len(document) > 0 {
			documents = append(documents, document)
		}
	}
	return documents, nil
}

// splitDocuments cuts at lines that begin with the document marker. kubeadm
// prints some manifests with the marker right behind the last document's line
// break and none after it, which strict readers of the stream refuse.
func splitDocuments(stream string) []string {
	var parts []string
	var part strings.Builder
	for line := range strings.Lines(stream) {
		if rest, marker := strings.CutPrefix(line, "---"); marker {
			parts = append(parts, part.String())
			part.Reset()
			line = rest
		}
		part.WriteString(line)
	}
	return append(parts, part.String())
}

// ByKind patches every document whose kind (and apiVersion, when the patch
// names one) fits. A patch that fits none is an error: it would be lost in
// silence. Kinds in known may be absent from documents without an error,
// because they belong to nodes of another role.
func ByKind(documents []map[string]any, patches []string, known ...string) error {
	for number, text := range patches {
		changes, err := Documents([]byte(text))
		if err != nil {
			return fmt.Errorf("kubeadm configuration patch %d: %w", number+1, err)
		}
		for _, change := range changes {
			if err := patchFitting(documents, change, known); err != nil {
				return fmt.Errorf("kubeadm configuration patch %d: %w", number+1, err)
			}
		}
	}
	return nil
}

func patchFitting(documents []map[string]any, change map[string]any, known []string) error {
	kind, _ := change["kind"].(string)
	if kind == "" {
		return errors.New("it has no kind, so it is not known what it patches")
	}
	version, hasVersion := change["apiVersion"].(string)
	fits := false
	for index, document := range documents {
		if document["kind"] == kind && (!hasVersion || document["apiVersion"] == version) {
			documents[index] = patchWith(document, change, byArgument).(map[string]any)
			fits = true
		}
	}
	if fits {
		return nil
	}
	for _, other := range known {
		if other == kind {
			return nil
		}
	}
	if hasVersion {
		return fmt.Errorf("there is no document of kind %s and apiVersion %s", kind, version)
	}
	return fmt.Errorf("there is no document of kind %s", kind)
}

// TOML merges patches into a containerd configuration. A patch that names a
// configuration version applies only to a file of that version, as in kind.
func TOML(base []byte, patches []string) ([]byte, error) {
	config := map[string]any{}
	if err := toml.Unmarshal(base, &config); err != nil {
		return nil, fmt.Errorf("containerd configuration: %w", err)
	}
	for number, text := range patches {
		change := map[string]any{}
		if err := toml.Unmarshal([]byte(text), &change); err != nil {
			return nil, fmt.Errorf("containerd configuration patch %d: %w", number+1, err)
		}
		if version, named := change["version"]; named && version != config["version"] {
			continue
		}
		config = Patch(config, change).(map[string]any)
	}
	var out bytes.Buffer
	encoder := toml.NewEncoder(&out)
	encoder.SetIndentTables(true)
	if err := encoder.Encode(config); err != nil {
		return nil, fmt.Errorf("containerd configuration: %w", err)
	}
	return out.Bytes(), nil
}

// WriteDocuments writes documents as a YAML stream.
func WriteDocuments(out io.Writer, documents []map[string]any) error {
	for _, document := range documents {
		text, err := yaml.Marshal(document)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "---\n%s", text); err != nil {
			return err
		}
	}
	return nil
}
