//! The master key, certificates and who may vouch for them.
//!
//! Source: "Database Engine events and errors" 3000-3999, 15000-15999, 31000-41399 and 41400-49999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(3716, 16, "The %S_MSG '%.*ls' cannot be dropped because it is bound to one or more %S_MSG."),
    raised(15146, 16, "An encryption password must be provided to encrypt the private key of this %S_MSG."),
    raised(
        15208,
        16,
        "The certificate, asymmetric key, or private key file is not valid or does not exist; or you do not \
         have permissions for it.",
    ),
    raised(
        15212,
        16,
        "Invalid certificate subject. The certificate subject must have between 1 and %d characters.",
    ),
    raised(
        15213,
        16,
        "Warning: The certificate you created has an invalid validity period; its expiration date precedes \
         its start date.",
    )
    .class(10),
    raised(15214, 16, "Warning: The certificate you created is expired.").class(10),
    raised(
        15215,
        16,
        "Warning: The certificate you created is not yet valid; its start date is in the future.",
    )
    .class(10),
    raised(
        15232,
        16,
        "A certificate with name '%s' already exists or this certificate already has been added to the \
         database.",
    ),
    raised(
        15240,
        16,
        "Cannot write into file '%s'. Verify that you have write permissions, that the file path is valid, \
         and that the file does not already exist.",
    ),
    raised(
        15246,
        16,
        "Cannot dump the private key of certificate '%s' because the private key cannot be found.",
    ),
    raised(15297, 16, "The certificate, asymmetric key, or private key data is invalid."),
    raised(15299, 16, "The signature of the public key is invalid."),
    raised(15313, 10, "The key is not encrypted using the specified decryptor.").class(16),
    raised(15315, 10, "The key '%.*ls' is not open. Please open the key before using it.").class(16),
    raised(15317, 10, "The master key file does not exist or has invalid format.").class(16),
    raised(
        15329,
        16,
        "The current master key cannot be decrypted. If this is a database master key, you should attempt \
         to open it in the session before performing this operation. The FORCE option can be used to ignore \
         this error and continue the operation but the data encrypted by the old master key will be lost.",
    ),
    raised(
        15334,
        10,
        "The %S_MSG has a private key that is protected by a user defined password. That password needs to \
         be provided to enable the use of the private key.",
    )
    .class(16),
    raised(15342, 10, "There is no private key provisioned for %S_MSG '%.*ls'.").class(16),
    raised(
        15352,
        16,
        "The %S_MSG cannot be dropped because one or more entities are either signed or encrypted using it.",
    ),
    raised(
        15397,
        16,
        "The %S_MSG is not protected by a password. A decryption password cannot be used for this operation.",
    ),
    raised(15465, 16, "The private key password is invalid."),
    raised(15468, 16, "An error occurred during the generation of the %S_MSG."),
    injected(15474, 16, "Invalid private key. The private key does not match the public key of the %S_MSG."),
    raised(15559, 10, "Cannot drop %S_MSG '%.*ls' because there is a %S_MSG mapped to it.").class(16),
    raised(
        15578,
        16,
        "There is already a master key in the database. Please drop it before performing this statement.",
    ),
    raised(15580, 16, "Cannot drop %S_MSG because %S_MSG '%.*s' is encrypted by it."),
    raised(
        15581,
        16,
        "Please create a master key in the database or open the master key in the session before performing \
         this operation.",
    )
    .state(3),
    raised(
        15585,
        10,
        "The current master key cannot be decrypted. The error was ignored because the FORCE option was \
         specified.",
    ),
    raised(
        33069,
        16,
        "CREATE CERTIFICATE statement cannot mix file and binary modes. Rewrite the statement using only the FILE or BINARY keyword.",
    ),
    raised(
        37447,
        16,
        "The certificate '%.*ls' has been already added as a trusted issuer for DNS name '%.*ls'",
    ),
    raised(
        37448,
        16,
        "The certificate '%.*ls' cannot be removed from the trusted issuers for the DNS name '%.*ls' \
         because it hasn't been added as a trusted issuer for the DNS name '%.*ls'.",
    ),
    raised(
        37449,
        10,
        "Warning: The certificate chain of the certificate specified could not be validated at this time. \
         This may cause issues with the certificate-based authentication in the future. Please check your \
         organization's policy and settings for online and/or offline validation of a certificate chain.",
    ),
    injected(
        37450,
        16,
        "The certificate '%.*ls' cannot be added as a trusted issuer for a DNS name because it is not \
         allowed to sign certificates",
    ),
    injected(37451, 16, "DNS name provided exceeds maximum length of %d characters."),
    injected(
        41963,
        16,
        "Certificate cannot be created as it is already used with '%.*ls' feature. Consider using a \
         different certificate.",
    ),
    raised(47505, 16, "Endpoint with type %d does not exist or user does not have permission to view it."),
    raised(
        47506,
        16,
        "Certificate for endpoint with type %d does not exist or user does not have permission to view it.",
    ),
];
