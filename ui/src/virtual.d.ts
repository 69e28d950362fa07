declare module "virtual:emoji/*" {
  /** Groups of what it is and the words it is found by. */
  const groups: [string, string][][];
  export default groups;
}
