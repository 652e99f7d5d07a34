/** Ids of users in a field: separated by commas or lines, each once. */
export const usersOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,，、\n]/)
      .map(user => user.trim())
      .filter(user => user !== ''),
  ),
];
