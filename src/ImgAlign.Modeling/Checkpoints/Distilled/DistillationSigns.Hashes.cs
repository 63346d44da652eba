namespace ImgAlign.Checkpoints;

public static partial class DistillationSigns
{
    // SHA-256 of files as their pages on the hub give them.
    private static readonly Dictionary<string, (string Distillation, int? Steps)> PublishedHashes = new(StringComparer.Ordinal)
    {
        // ByteDance/SDXL-Lightning: whole models, UNets, LoRAs
        ["dd8d4c2b341cdbbe88178135786bd4ea1a6f46d6dcb719f05524a5e761ae19a0"] = ("lightning", 1),
        ["87e61f60b85d9f1c577bd9053872c7678b7d39f6f52d470081ff6ea3b49ddf98"] = ("lightning", 2),
        ["e0d996ee0013e79d9d3561f50fcafb9a17e3ff07b780358e3b66d67932c4d490"] = ("lightning", 4),
        ["43f0501ac4ffcef84f3fc32a47779f24c181647fa97ef7f5ec4428107d732ae9"] = ("lightning", 8),
        ["39a90a8a2a25c1372633c1e8eb1a96f85eab937bcb58cfc6ec9baf66242ec23c"] = ("lightning", 4),
        ["471d8260fda0b17b8906feb24573ce64933d4b6b99ba7a1fa43ca051b994e869"] = ("lightning", 8),
        ["04fafc778385b24144498a8247498ae4fb7a69f702ea0566bdce2845a31fcc43"] = ("lightning", 2),
        ["bf56cf2657efb15e465d81402ed481d1e11c4677e4bcce1bc11fe71ad8506b79"] = ("lightning", 4),
        ["5aa30d94cdf7950a8b53a693682650ee061eddb128c5435a8f88defea73b2ac6"] = ("lightning", 8),
        // stabilityai/sdxl-turbo: in 16 bits, an earlier version of it, in 32 bits
        ["e869ac7d6942cb327d68d5ed83a40447aadf20e0c3358d98b2cc9e270db0da26"] = ("sdxl-turbo", null),
        ["5234ee2a6ba57c0ee39f232c1275b98f4d8aaf596426d5ec20a207f6eb075944"] = ("sdxl-turbo", null),
        ["2e58e3704b4c0831bf848e0507c9b5ff2cd8d007b8d0719dba3874156f631050"] = ("sdxl-turbo", null),
        // ByteDance/Hyper-SD: LoRAs
        ["c912df184c5116792d2c604d26c6bc2aa916685f4a793755255cda1c43a3c78a"] = ("hyper-sdxl", 1),
        ["12f81a27d00a751a40d68fd15597091896c5a90f3bd632fb6c475607cbdad76e"] = ("hyper-sdxl", 4),
        ["ca689190e8c46038550384b5675488526cfe5a40d35f82b27acb75c100f417c1"] = ("hyper-sdxl", 8),
        ["55b51334c85061afff5eff7c550b61963c8b8607a5868bbe4f26db49374719b1"] = ("hyper-sdxl-cfg", 8),
        // tianweiy/DMD2: LoRAs in 16 and 32 bits, the UNet
        ["b3d9173815a4b595991c3a7a0e0e63ad821080f314a0b2a3cc31ecd7fcf2cbb8"] = ("dmd2", 4),
        ["a374289e9446d7f14d2037c4b3770756b7b52c292142a691377c3c755010a1bb"] = ("dmd2", 4),
        ["3549f1726d24afa4a26493c9049af8fb74108ff0a36f67ced0d3b4aa164cce92"] = ("dmd2", 4),
        // latent-consistency/lcm-lora-sdxl
        ["a764e6859b6e04047cd761c08ff0cee96413a8e004c9f07707530cd776b19141"] = ("lcm", null),
    };
}
