package main

import "github.com/spf13/cobra"

func (a *app) serviceCommand() *cobra.Command { return &cobra.Command{Use: "service"} }
