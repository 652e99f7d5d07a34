/** Number rounded to one digit, so that the status does not change with every connection. */
export function roughly(connections: number): string {
  return Number(connections.toPrecision(1)).toLocaleString('en');
}
