// A certified OpenID provider for the tests, with a directory of fictional citizens and claims like
// those of a state's electronic identification. `node oidc.mjs PORT REDIRECT_URI [REDIRECT_URI …]`.
//
// POST /control {"mode": …} makes it err: what a broken or hostile provider would send. Every start
// makes new keys.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { SignJWT, UnsecuredJWT, decodeJwt, importJWK } from "jose";
import Provider from "oidc-provider";

// Nobody of them exists; the numbers have the form of Vietnamese ones.
const CITIZENS = {
  lan: { name: "Trần Thị Lan", national_id: "079195000001", birthdate: "1995-02-03", email: "lan@example.test", email_verified: true },
  minh: { name: "Lê Văn Minh", national_id: "001090000002", birthdate: "1990-11-20", email: "minh@example.test", email_verified: true },
  hoa: { name: "Phạm Thị Hoa", national_id: "048188000003", birthdate: "1988-07-15" },
  nobody: { name: "Không Số" },
};

const [port, ...redirects] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const key = { ...pair, kid: randomUUID(), use: "sig", alg: "RS256" };
let mode = null;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "auction",
    client_secret: "a-secret-of-the-tests",
    redirect_uris: redirects,
    post_logout_redirect_uris: redirects.map((one) => new URL("/", one).href),
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  claims: {
    openid: ["sub"],
    profile: ["name", "birthdate", "national_id"],
    email: ["email", "email_verified"],
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 600, IdToken: 300, Interaction: 600, Session: 600 },
  findAccount: (_, id) => (CITIZENS[id] ? { accountId: id, claims: () => ({ sub: id, ...CITIZENS[id] }) } : undefined),
});

/** The token again, with other claims, signed by `by`. */
async function altered(token, claims, by = key, header = {}) {
  const signing = await importJWK(by, "RS256");
  return new SignJWT({ ...decodeJwt(token), ...claims }).setProtectedHeader({ alg: "RS256", kid: key.kid, ...header }).sign(signing);
}

const ERRORS = {
  audience: (token) => altered(token, { aud: "another-program" }),
  azp: (token) => altered(token, { aud: ["auction", "another-program"], azp: "another-program" }),
  issuer: (token) => altered(token, { iss: "https://elsewhere.example" }),
  expired: (token) => altered(token, { exp: Math.floor(Date.now() / 1000) - 3600 }),
  nonce: (token) => altered(token, { nonce: "another-visit" }),
  key: (token) => altered(token, {}, stranger),
  none: (token) => new UnsecuredJWT(decodeJwt(token)).encode(),
  hmac: (token) => new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("a-secret-of-the-tests")),
};

provider.use(async (ctx, next) => {
  if (ctx.path === "/control") {
    let text = "";
    for await (const part of ctx.req) text += part;
    mode = JSON.parse(text).mode;
    ctx.body = { mode };
    return;
  }
  if (mode === "slow") await new Promise((done) => setTimeout(done, 20_000));
  await next();
  if (mode === "huge" && ctx.path === "/token") ctx.body = { id_token: "x".repeat(2_000_000) };
  else if (mode === "broken" && ctx.path === "/token") ctx.body = "<html>";
  else if (mode === "other_user" && ctx.path === "/me") ctx.body = { ...ctx.body, sub: "minh" };
  else if (ERRORS[mode] && ctx.path === "/token" && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: await ERRORS[mode](ctx.body.id_token) };
  }
});

provider.listen(Number(port), "127.0.0.1", () => console.log(`ready ${issuer}`));
