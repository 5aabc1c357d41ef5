// Package outcometest makes recordings up, for tests of what is made from one.
// The numbers are invented and look like those of a real run: push climbs from
// the moment its readers are slowed and is killed at its limit, pull stays flat.
package outcometest
