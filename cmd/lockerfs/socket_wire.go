package main

import (
	"encoding/json"
	"net/http"

	"github.com/lockerfs/lockerfs/fs/catalog"
	"github.com/lockerfs/lockerfs/fs/intake"
)

// The control socket speaks HTTP and JSON:
//
//	GET    /v1/status                  status
//	GET    /v1/info?path=P             info
//	GET    /v1/list?path=P&deep=true   frames: one entry each, then end
//	GET    /v1/search?words=W&limit=N  frames: one finding each, then end
//	POST   /v1/import                  importRequest; frames: progress, in a dry run
//	                                   places too, then report
//	DELETE /v1/import/ID               ends that import; its report still comes
//	POST   /v1/organize                organizeRequest; frames: progress and moves,
//	                                   then report
//	DELETE /v1/organize/ID             ends that; its report still comes
//	POST   /v1/sync                    syncRequest; one frame at the end
//	DELETE /v1/sync/ID                 ends that waiting
//	POST   /v1/set                     setRequest; one frame
//	POST   /v1/offline                 offlineRequest; one frame
//	GET    /v1/history?path=P&limit=N  history
//	POST   /v1/restore                 restoreRequest; one frame at the end
//	DELETE /v1/restore/ID              ends that
//	POST   /v1/verify                  verifyRequest; frames: progress, then report
//	DELETE /v1/verify/ID               ends that; its report still comes
//	POST   /v1/gc                      collectRequest; frames: progress, then report
//	DELETE /v1/gc/ID                   ends that; its report still comes
//	POST   /v1/export                  exportRequest; frames: progress, then report
//	DELETE /v1/export/ID               ends that; its report still comes
//	POST   /v1/adopt                   adoptRequest; frames: progress, places and moves,
//	                                   then report
//	DELETE /v1/adopt/ID                ends that; its report still comes
//	GET    /v1/watches                 catalog.Settings
//	POST   /v1/refresh                 refreshRequest; one frame at the end
//	DELETE /v1/refresh/ID              ends that
//
// A request that fails is answered with status 422 and a frame that holds the
// fault; where frames have begun, the fault is the last one.
const (
	pathStatus   = "/v1/status"
	pathInfo     = "/v1/info"
	pathList     = "/v1/list"
	pathSearch   = "/v1/search"
	pathImport   = "/v1/import"
	pathOrganize = "/v1/organize"
	pathSync     = "/v1/sync"
	pathSet      = "/v1/set"
	pathOffline  = "/v1/offline"
	pathHistory  = "/v1/history"
	pathRestore  = "/v1/restore"
	pathVerify   = "/v1/verify"
	pathCollect  = "/v1/gc"
	pathExport   = "/v1/export"
	pathAdopt    = "/v1/adopt"
	pathWatches  = "/v1/watches"
	pathRefresh  = "/v1/refresh"
)

// frame is one line of an answer.
type frame struct {
	Entry    *listed          `json:"entry,omitempty"`
	Finding  *catalog.Finding `json:"finding,omitempty"`
	Progress *intake.Progress `json:"progress,omitempty"`
	Placed   *intake.Placed   `json:"placed,omitempty"`
	Report   *intake.Report   `json:"report,omitempty"`

	Organizing *intake.OrganizeProgress `json:"organizing,omitempty"`
	Move       *intake.Move             `json:"move,omitempty"`
	Organized  *intake.OrganizeReport   `json:"organized,omitempty"`
	Restored   *restored                `json:"restored,omitempty"`
	Pinning    *pinProgress             `json:"pinning,omitempty"`
	Pinned     *pinAnswer               `json:"pinned,omitempty"`
	Pins       *pinReport               `json:"pins,omitempty"`

	Verifying *catalog.VerifyProgress `json:"verifying,omitempty"`
	Verified  *catalog.VerifyReport   `json:"verified,omitempty"`
	Exporting *intake.ExportProgress  `json:"exporting,omitempty"`
	Exported  *intake.ExportReport    `json:"exported,omitempty"`

	Listed    int64              `json:"listed,omitempty"`
	Collected *catalog.Collected `json:"collected,omitempty"`

	Adopting  *intake.AdoptProgress `json:"adopting,omitempty"`
	Adopted   *adopted              `json:"adopted,omitempty"`
	Refreshed *refreshed            `json:"refreshed,omitempty"`

	Fault *wireFault `json:"fault,omitempty"`
	// End is set on the last frame: an answer without one was cut.
	End bool `json:"end,omitempty"`
}

// wireFault is a fault on its way through the socket.
type wireFault struct {
	Code  exitCode `json:"code"`
	Cause string   `json:"cause"`
	Next  string   `json:"next,omitempty"`
}

func toWire(err error, at where) *wireFault {
	if err == nil {
		return nil
	}
	f := diagnose(err, at)
	return &wireFault{f.code, f.cause, f.next}
}

func (w *wireFault) err() error {
	if w == nil {
		return nil
	}
	return &fault{code: w.Code, cause: w.Cause, next: w.Next}
}

// importRequest asks for an import.
type importRequest struct {
	// ID is random: how the client ends it.
	ID      string         `json:"id"`
	Paths   []string       `json:"paths"`
	Options intake.Options `json:"options"`
}

// organizeRequest asks for organize.
type organizeRequest struct {
	ID      string                 `json:"id"`
	Path    string                 `json:"path"`
	Options intake.OrganizeOptions `json:"options"`
}

// syncRequest asks for sync.
type syncRequest struct {
	ID      string `json:"id"`
	Patient bool   `json:"patient,omitempty"`
}

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 16 << 20

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}
