/** End of a room, as a worker has just noted it. */
export interface NotedEnd {
  readonly room: string;
  /** Offset of the last entry. */
  readonly top: number;
  /** Offset of the last message that counts; 0 for none. */
  readonly countable: number;
}

/** Ends of rooms as workers note them. Any may be lost, or come twice. No call waits or throws. */
export interface BumpBus {
  /**
   * Calls `heard` for the ends of rooms of a partition.
   * @param wanted true for a room whose ends are wanted; asked for each end before it is read
   * @returns ends that
   */
  follow(partition: number, wanted: (room: string) => boolean, heard: (end: NotedEnd) => void): () => void;
}
