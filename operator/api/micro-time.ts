/** `metav1.MicroTime`, which has six fraction digits. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
