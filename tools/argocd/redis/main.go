// A server that speaks Redis' protocol from memory: the cache between Argo CD's controller and its repository server.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: argocd-redis ADDRESS:PORT")
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	// Made for tests, it lets time pass only when it is told to; without that nothing would ever expire.
	for second := time.Tick(time.Second); ; {
		select {
		case <-second:
			server.FastForward(time.Second)
		case <-ended:
			return
		}
	}
}
