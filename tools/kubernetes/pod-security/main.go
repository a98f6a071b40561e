// Command pod-security reads manifests on standard input and says where a pod does not meet the Pod Security Standard
// `restricted`, with the very checks that the API server's admission runs.
//
// Exit codes: 0 every pod meets it, 1 one does not (each on a line of its own), 2 nothing to look at, or not readable.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// manifest is what all kinds that bring pods have in common: Pod itself, those with a template, CronJob with a job's.
type manifest struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		corev1.PodSpec `json:",inline"`
		Template       *corev1.PodTemplateSpec `json:"template"`
		JobTemplate    *struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

func (m manifest) pod() *corev1.PodTemplateSpec {
	switch {
	case m.Kind == "Pod":
		return &corev1.PodTemplateSpec{ObjectMeta: m.ObjectMeta, Spec: m.Spec.PodSpec}
	case m.Spec.JobTemplate != nil:
		return &m.Spec.JobTemplate.Spec.Template
	default:
		return m.Spec.Template
	}
}

func main() {
	pods, findings, err := check(os.Stdin)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case pods == 0:
		fmt.Fprintln(os.Stderr, "no pod in these manifests")
		os.Exit(2)
	case findings > 0:
		os.Exit(1)
	}
}

func check(input io.Reader) (pods, findings int, err error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return 0, 0, err
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	documents := yaml.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return pods, findings, nil
		}
		if err != nil {
			return pods, findings, err
		}
		var one manifest
		if err := yaml.Unmarshal(document, &one); err != nil {
			return pods, findings, err
		}
		pod := one.pod()
		if pod == nil {
			continue
		}
		pods++
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
		if !result.Allowed {
			findings++
			fmt.Printf("%s/%s: %s\n", one.Kind, one.Name, result.ForbiddenDetail())
		}
	}
}
