using System.CommandLine;
using BenchmarkDotNet.Running;
using ImgAlign.Benchmarks.Comparing;
using ImgAlign.Benchmarks.Loading;
using ImgAlign.Benchmarks.Measured;

// compare ...        ours against the reference graphs, in one process
// loading FILE       how a full-size checkpoint opens, and what its first step needs
// anything else      BenchmarkDotNet's own arguments, for example: --filter *Aligner*
if (args is ["compare" or "loading", ..])
    return new RootCommand("Benchmarks of ImgAlign.") { CompareCommand.Create(), LoadingCommand.Create() }.Parse(args).Invoke();
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, new InProcessConfig());
return 0;
