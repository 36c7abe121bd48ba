package main

import "github.com/spf13/cobra"

func (a *app) desktopCommand() *cobra.Command { return &cobra.Command{Use: "desktop"} }
