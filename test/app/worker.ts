/** The Worker of the tests. */
import { serve } from "../../src/longline.ts";
import { app, doors } from "./app.ts";

const worker = serve(app, doors);

export const { Session, Account } = worker;
export default worker;
