package record

import "reflect"

// difference is what turns before into after, as a JSON merge patch (RFC 7396):
// members that changed, and null for those that are gone. Neither tree holds a
// null.
func difference(before, after map[string]any) map[string]any {
	patch := make(map[string]any)
	for name, value := range after {
		old, there := before[name]
		oldObject, wasObject := old.(map[string]any)
		object, isObject := value.(map[string]any)
		switch {
		case there && wasObject && isObject:
			if inner := difference(oldObject, object); len(inner) > 0 {
				patch[name] = inner
			}
		case !there || !reflect.DeepEqual(old, value):
			patch[name] = value
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			patch[name] = nil
		}
	}
	return patch
}

// merge applies a patch to tree.
func merge(tree, patch map[string]any) {
	for name, value := range patch {
		object, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(tree, name)
		case isObject:
			inner, ok := tree[name].(map[string]any)
			if !ok {
				inner = make(map[string]any)
				tree[name] = inner
			}
			merge(inner, object)
		default:
			tree[name] = value
		}
	}
}
