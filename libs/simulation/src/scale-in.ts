/** What happens to the jobs of a worker that is asked to leave. */
export type ScaleIn =
  /** It finishes them, for at most `graceSec` (default: for ever); what is then unfinished is put back. */
  | { mode: 'drain'; graceSec?: number | undefined }
  /** They are cut off and put back in their old place in the queue, to begin again or, with `keepsProgress`, to go on. */
  | { mode: 'kill'; keepsProgress?: boolean | undefined };
