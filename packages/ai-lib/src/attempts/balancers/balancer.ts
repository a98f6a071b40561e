// The port of load balancing: which of a pool's members gets the next request.

/** Pure: the same pool and draw give the same order. */
export interface Balancer {
  readonly name: string
  /**
   * Members in the order in which one exchange tries them.
   * @param draw a whole number that rises by one with each exchange of the pool.
   */
  order<Member>(pool: readonly Member[], draw: number): readonly Member[]
}
