package web

import _ "embed"

//go:embed static/report.css
var reportStyle string

// ReportStyle is the style sheet of reports. It goes into each of them, because
// a report is one file.
func ReportStyle() string { return reportStyle }
