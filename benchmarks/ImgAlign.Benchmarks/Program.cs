using System.CommandLine;
using BenchmarkDotNet.Running;
using ImgAlign.Benchmarks.Comparing;
using ImgAlign.Benchmarks.Measured;

// compare ...        ours against the reference graphs, in one process
// anything else      BenchmarkDotNet's own arguments, for example: --filter *Aligner*
if (args is ["compare", ..])
    return new RootCommand("Benchmarks of ImgAlign.") { CompareCommand.Create() }.Parse(args).Invoke();
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, new InProcessConfig());
return 0;
