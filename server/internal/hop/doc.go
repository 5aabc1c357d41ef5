// Package hop is a reverse proxy in front of one lane, as a process of its own:
// what a load balancer, an ingress or a CDN is to a server.
//
//	lane → kernel ┃ kernel → hop → kernel ┃ kernel → reader
//
// It hands on each piece at once and asks for no more than it could hand on; so a
// slow reader still slows the lane down, only later. Until then bytes wait in the
// receive queue of the hop's connection to the lane, in a copy buffer of 32 KiB,
// and in the send queue of its connection to the reader. The kernel bounds both
// queues, as everywhere where nobody has set them: up to some megabytes each. To
// the lane all of this is acknowledged, and so as good as read.
//
// With [Buffering] the hop takes what the lane gives whether the reader reads or
// not, and holds it in its own memory, without a bound but the limit at which its
// process is killed. So does a proxy that is set up to take load off its servers.
// The lane then has the fastest readers there are.
//
// A reader that leaves ends the hop's connection to the lane, and a lane that
// ends cuts off the readers.
package hop
