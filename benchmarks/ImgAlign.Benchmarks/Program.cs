using System.CommandLine;
using BenchmarkDotNet.Running;
using ImgAlign;
using ImgAlign.Benchmarks.Comparing;
using ImgAlign.Benchmarks.Hub;
using ImgAlign.Benchmarks.Loading;
using ImgAlign.Benchmarks.Measured;
using ImgAlign.Benchmarks.MidSize;
using ImgAlign.Benchmarks.Serving;

// compare ...        ours against the reference graphs, in one process
// loading FILE       how a full-size checkpoint opens, and what its first step needs
// tokens             how the time of a step of FLUX grows with the picture
// estimate           the memory of FLUX.1-dev with LLaVA-13B under each policy, by estimate
// memory             the peak of memory under each policy
// options            what each option that does less work is worth, how near samplers come in few steps, and what they cost themselves
// scale              what a round does by the scale of the image prompt, with and without guidance, on ShapeWorld
// strength           what stays of a picture that a round starts from, and how often it is mended, on ShapeWorld
// search             how many pictures are right by policy and budget, on ShapeWorld
// questions          what a judge needs for five questions about one picture, and about five pictures
// vae                what the ways from SDXL's latents to a picture cost, and how far they are from the VAE in float32
// hub                a verified download from loopback, beside curl and sha256sum
// load               imgalign serve under load and with workers that are killed, beside the same rounds in a loop, by ShapeWorld
// sharding           the memory of each process that trains the aligner for FLUX, with AdamW's state whole and in parts
// processes          how much faster two processes train than one, a core each
// anything else      BenchmarkDotNet's own arguments, for example: --filter *Aligner*
if (
    args
    is [
        "compare"
        or "loading"
        or "tokens"
        or "estimate"
        or "memory"
        or "options"
        or "scale"
        or "strength"
        or "search"
        or "questions"
        or "vae"
        or "hub"
        or "load"
        or "sharding"
        or "processes",
        ..,
    ]
)
{
    var root = new RootCommand("Benchmarks of ImgAlign.")
    {
        CompareCommand.Create(),
        LoadingCommand.Create(),
        TokensCommand.Create(),
        EstimateCommand.Create(),
        MemoryCommand.Create(),
        OptionsCommand.Create(),
        ScaleCommand.Create(),
        StrengthCommand.Create(),
        SearchCommand.Create(),
        QuestionsCommand.Create(),
        VaeCommand.Create(),
        HubCommand.Create(),
        LoadCommand.Create(),
        ShardingCommand.Create(),
        ProcessesCommand.Create(),
    };
    try
    {
        return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }
    catch (ImgAlignException exception)
    {
        Console.Error.WriteLine(exception.Message);
        return 1;
    }
}
BenchmarkSwitcher.FromAssembly(typeof(InProcessConfig).Assembly).Run(args, new InProcessConfig());
return 0;
