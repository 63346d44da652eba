// Hangfire keeps its log and its storage for the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
